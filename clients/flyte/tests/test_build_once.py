"""`flyte team-cache build-once`, for builds without Flyte."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rich_click as click
from ci import CLIENTS, check
from click.testing import CliRunner
from leasing import Leasing, body, drop, problem
from servers import Server, answer, hang

from dejavu_flyte import build_once, interrupts, support
from dejavu_flyte.commands import build_once_command
from dejavu_flyte.explain import DEFAULT_PLATFORMS
from dejavu_flyte.keys import ImageKey

SCOPE = "https://flyte.example.com:proj:development"
IMAGE = "ghcr.io/acme/app:v1"
KEY = ImageKey(SCOPE, "ghcr.io/acme/app", "v1", DEFAULT_PLATFORMS)
ENTRY = {"image_uri": IMAGE}


@pytest.fixture
def leasing() -> Iterator[Leasing]:
    made = Leasing()
    yield made
    made.server.close()


class Configuration:
    """Flyte's, as its command line makes it."""

    def init(self, project: str | None, domain: str | None) -> None:
        """Configure nothing."""


Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, leasing: Leasing, tmp_path: Path) -> Call:
    """Call the command in this process, and return its exit code and what it printed."""
    monkeypatch.setattr(support, "scope", lambda: SCOPE)
    monkeypatch.setenv("DEJAVU_URL", leasing.url)
    monkeypatch.setenv("HOME", str(tmp_path))

    def invoke(*arguments: str, **env: str) -> tuple[int, str]:
        result = CliRunner().invoke(build_once_command, arguments, obj=Configuration(), env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return invoke


@pytest.fixture
def building(tmp_path: Path) -> list[str]:
    """Return a command that leaves a file."""
    return ["--", "touch", str(tmp_path / "built")]


def is_built(tmp_path: Path) -> bool:
    return (tmp_path / "built").exists()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_command_runs_and_the_team_hears_of_it(call: Call, leasing: Leasing, building: list[str]) -> None:
    assert call(IMAGE, *building) == (0, f"{IMAGE} was built in 0 s, and the team has it\n")

    assert Path(building[-1]).exists()
    (put,) = leasing.asked(f"PUT /images/{KEY.hash}")
    assert b"\r\nDejavu-Lease: token-1\r\n" in put
    assert {"image_uri": IMAGE, **KEY.parts()}.items() <= body(put).items()
    assert body(put)["cost"]["seconds"] >= 0
    assert leasing.held == {}


def test_image_that_is_there_is_not_built(call: Call, leasing: Leasing, building: list[str]) -> None:
    leasing.put(KEY.hash, ENTRY)

    assert call(IMAGE, *building) == (0, f"{IMAGE} is there: nothing to build\n")

    assert not Path(building[-1]).exists()


def test_platforms_are_a_part_of_the_key(call: Call, leasing: Leasing, building: list[str]) -> None:
    leasing.put(KEY.hash, ENTRY)

    assert call("--platform", "linux/amd64", IMAGE, *building)[0] == 0

    assert body(leasing.asked("PUT")[0])["platforms"] == ["linux/amd64"]


def test_image_that_another_one_builds_is_waited_for(call: Call, leasing: Leasing, building: list[str]) -> None:
    leasing.hold(KEY.hash)
    threading.Timer(0.5, leasing.put, (KEY.hash, ENTRY)).start()

    status, output = call(IMAGE, *building)

    assert status == 0
    assert f"Waiting for {IMAGE}: alice@laptop builds it since " in output
    assert f"{IMAGE} is there, built by alice@laptop: waited " in output
    assert not Path(building[-1]).exists()


def test_failed_command_gives_the_lease_back(call: Call, leasing: Leasing) -> None:
    assert call(IMAGE, "--", "sh", "-c", "exit 17")[0] == 17

    assert leasing.asked(f"DELETE /images/{KEY.hash}/lease/token-1")
    assert not leasing.asked("PUT")


@pytest.mark.parametrize(
    ("command", "status"),
    [(["sh", "-c", "kill -TERM $$"], 143), (["no-such-command"], 127), (["/"], 126), (["sh", "-c", "exit 3"], 3)],
)
def test_exit_code_is_that_of_a_shell(call: Call, leasing: Leasing, command: list[str], status: int) -> None:
    assert call(IMAGE, "--", *command)[0] == status

    assert leasing.held == {}


@pytest.mark.parametrize(
    "arguments",
    [[], [IMAGE], ["ghcr.io/acme/app", "--", "true"], [IMAGE, "true", "--no-such"], ["--platform", "x", IMAGE, "true"]],
)
def test_usage_errors(call: Call, leasing: Leasing, arguments: list[str]) -> None:
    assert call(*arguments)[0] == 2

    assert not leasing.server.requests


def test_wrong_setting_is_a_usage_error(call: Call, building: list[str]) -> None:
    status, output = call(IMAGE, *building, DEJAVU_WAIT="soon")

    assert status == 2
    assert "DEJAVU_WAIT must be a time like 90s or 10m" in " ".join(output.split())


@pytest.mark.parametrize(
    "says",
    [
        [problem("405 Method Not Allowed")],
        [problem("403 Forbidden")],
        [problem("503 Unavailable")],
        [answer("202 Accepted", "application/json", '{"holder": "bob"}'), *[drop] * 50],
    ],
)
def test_service_without_a_lease_keeps_nobody_from_building(
    call: Call, leasing: Leasing, building: list[str], says: list[Any]
) -> None:
    leasing.says = says

    status, output = call(IMAGE, *building)

    assert (status, Path(building[-1]).exists()) == (0, True)
    assert "built here" in output
    assert len(leasing.asked("PUT")) == 1


def test_service_that_is_away_keeps_nobody_from_building(call: Call, building: list[str]) -> None:
    status, output = call(IMAGE, *building, DEJAVU_URL="http://127.0.0.1:9")

    assert (status, Path(building[-1]).exists()) == (0, True)
    assert "the team cache does not know it" in output


@pytest.mark.parametrize("env", [{"DEJAVU_URL": ""}, {"DEJAVU_SKIP": "1"}, {"DEJAVU_WAIT": "0"}], ids=str)
def test_settings_that_ask_for_no_lease(call: Call, leasing: Leasing, building: list[str], env: dict[str, str]) -> None:
    assert call(IMAGE, *building, **env)[0] == 0

    assert Path(building[-1]).exists()
    assert not leasing.leases()


def test_image_that_is_never_shared_is_built(call: Call, leasing: Leasing, building: list[str]) -> None:
    status, output = call("localhost:5000/app:v1", *building)

    assert (status, Path(building[-1]).exists()) == (0, True)
    assert "is never shared" in output
    assert not leasing.server.requests


def test_first_interrupt_of_a_wait_runs_the_command(
    call: Call, leasing: Leasing, building: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupts, "are_meant_for_waits", lambda: True)
    leasing.hold(KEY.hash)

    def interrupt() -> None:
        until(lambda: len(leasing.leases()) == 2)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()

    assert call(IMAGE, *building)[0] == 0
    assert Path(building[-1]).exists()


def test_signals_end_the_wait_and_reach_the_command(leasing: Leasing, tmp_path: Path) -> None:
    code = (
        "import sys; from dejavu_flyte import build_once; from dejavu_flyte.keys import ImageKey\n"
        f"key = ImageKey({SCOPE!r}, 'ghcr.io/acme/app', sys.argv[1], ('linux/amd64',))\n"
        "sys.exit(build_once.build_once(key, tuple(sys.argv[2:])))"
    )
    env = {"DEJAVU_URL": leasing.url, "HOME": str(tmp_path), "PATH": os.environ["PATH"]}

    def started(tag: str, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", code, tag, *command], env=env, stdin=subprocess.DEVNULL)

    trap = f"trap 'exit 9' TERM; touch {tmp_path / 'running'}; while :; do sleep 0.1; done"
    running = started("v1", "sh", "-c", trap)
    until((tmp_path / "running").exists)
    waiting = started("v1", "touch", str(tmp_path / "built"))
    until(lambda: len(leasing.leases()) == 3)

    waiting.terminate()
    assert waiting.wait(timeout=20) == 128 + signal.SIGTERM
    running.terminate()
    assert running.wait(timeout=20) == 9  # the command has the last word
    assert not is_built(tmp_path)
    assert leasing.asked("DELETE")


def test_slow_service_is_bounded(call: Call, building: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert build_once._RESOLVE_SECONDS == 10
    monkeypatch.setattr(build_once, "_RESOLVE_SECONDS", 0.5)
    monkeypatch.setattr(build_once, "_PUT_SECONDS", 0.5)
    monkeypatch.setattr("dejavu_flyte.turn._ASK_SECONDS", 0.5)
    slow = Server(hang)
    begin = time.monotonic()

    assert call(IMAGE, *building, DEJAVU_URL=slow.url)[0] == 0

    slow.close()
    assert time.monotonic() - begin < 6
    assert Path(building[-1]).exists()


def test_command_is_a_part_of_flyte() -> None:
    from dejavu_flyte.cli import team_cache

    context = click.Context(team_cache)
    assert "build-once" in team_cache.list_commands(context)


@pytest.mark.parametrize(("schema", "number"), [("github-workflows", 0), ("gitlab-ci", 1)])
def test_examples_have_the_form_of_their_ci(tmp_path: Path, schema: str, number: int) -> None:
    page = (CLIENTS.parent / "docs/build-once.md").read_text()
    file = tmp_path / "example.yml"
    found = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[number]
    file.write_text(found.replace("!reference [.team-cache, before_script]", "echo"))

    check(schema, file)
