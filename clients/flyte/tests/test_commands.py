"""`flyte team-cache`, as a person uses it."""

from __future__ import annotations

import itertools
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from conftest import BOTH, Machine, Service, exists
from servers import Behaviour, Server, answer

from dejavu_flyte.keys import ImageKey

Machines = Callable[..., Machine]

SCRIPT = """\
import flyte

image = flyte.Image.from_debian_base(registry="ghcr.io/acme", name={name!r}, platform=("linux/amd64",))
env = flyte.TaskEnvironment(name="hello", image=image.with_env_vars({{"A": "1"}}))
plain = flyte.TaskEnvironment(name="plain", image="ghcr.io/acme/ready-made:v1")

@env.task
def main() -> int:
    return 1
"""


def test_status_shows_hits_and_seconds(machines: Machines, unique: str) -> None:
    first, second = machines(), machines()
    first.run(exists(unique), {"do": "bundle"}, DOCKER_SECONDS="2")
    second.run(exists(unique), {"do": "bundle"})

    worker, sharer = first.cli("status"), second.cli("status")

    assert re.search(r"answers, Dejavu \d", worker)
    assert re.search(
        r"images: 0 hits, 1 misses, 1 shared with the team; about 0\.0 s saved \([2-9]\.\d s each, measured 1 times\)",
        worker,
    )
    assert re.search(r"bundles: 0 hits, 1 misses, 1 shared with the team", worker)
    assert re.search(
        r"images: 1 hits, 0 misses, 0 shared with the team; about 4\.0 s saved \(4\.0 s each, assumed\)", sharer
    )
    assert re.search(r"bundles: 1 hits, 0 misses, 0 shared with the team; no work measured yet", sharer)


def test_repeated_lookup_is_counted_once(machines: Machines, unique: str) -> None:
    first, second = machines(), machines()
    first.run(exists(unique))
    second.run(exists(unique))
    second.run(exists(unique))

    assert re.search(r"images: 1 hits, 0 misses", second.cli("status"))


def test_build_counts_as_the_check_before_it(machines: Machines, unique: str) -> None:
    machine = machines()
    run = machine.run({"do": "build", "name": f"{unique}-absent", "platforms": BOTH}, DOCKER_SECONDS="1")

    status = machine.cli("status")

    measured = re.search(r"images: 0 hits, 1 misses.*\(([\d.]+) s each, measured 1 times\)", status)
    assert measured, status
    assert 1 <= float(measured[1]) < run.seconds[0]


def test_status_reports_an_unreachable_service(machines: Machines) -> None:
    output = machines(url="http://127.0.0.1:9").cli("status", status=1)

    assert "does not work: it cannot be reached" in output


def test_commands_require_a_url(machines: Machines) -> None:
    for command in (["status"], ["push"], ["pull"], ["explain", "ghcr.io/a/b:v1"]):
        assert "DEJAVU_URL must be" in machines(url=None).cli(*command, status=2)


def test_commands_report_a_failing_service(machines: Machines) -> None:
    machine = machines(url="http://127.0.0.1:9")
    machine.run({"do": "bundle"})
    for command in (["push"], ["pull"], ["explain", "ghcr.io/a/b:v1"]):
        assert "does not work: it cannot be reached" in " ".join(machine.cli(*command, status=1).split())


def test_module_is_the_same_command(machines: Machines) -> None:
    machine = machines(endpoint=None)

    process = subprocess.run(
        [sys.executable, "-m", "dejavu_flyte", "status"], env=machine.env(), capture_output=True, text=True, check=True
    )

    assert process.stdout == machine.cli("status")


def test_push_starts_a_team(machines: Machines, unique: str, service: Service) -> None:
    laptop, runner = machines(), machines()
    worked = laptop.run(exists(unique), exists(f"{unique}-2"), {"do": "bundle"}, DEJAVU_URL="")
    assert service.entries("images", image_uri=worked.values[0]) == []

    output = laptop.cli("push", "-p", unique, "-d", "development")

    assert "2 images shared with the team" in output
    assert "0 bundles shared with the team" in output
    assert "1 skipped: of unknown files" in output
    shared = runner.run(exists(unique), exists(f"{unique}-2"))
    assert shared.checks == 0
    assert service.entries("images", image_uri=worked.values[0])[0]["platforms"] == BOTH
    again = laptop.cli("push", "-p", unique, "-d", "development")
    assert "0 images shared with the team" in again
    assert "2 skipped: already shared" in again


def test_push_finds_the_project_in_the_remote_path(machines: Machines, unique: str, service: Service) -> None:
    laptop = machines()
    remote_path = laptop.run({"do": "bundle"}, DEJAVU_URL="").values[0][0]

    assert "1 skipped: of unknown files" in laptop.cli("push")

    assert service.entries("bundles", remote_path=remote_path) == []


def test_push_skips_rows_that_only_this_machine_can_reach(machines: Machines, unique: str, service: Service) -> None:
    laptop = machines(endpoint="dns:///localhost:30080")
    laptop.run(exists(unique, registry="localhost:30000"), {"do": "bundle"}, DEJAVU_URL="")
    before = service.entries("images"), service.entries("bundles")

    with_the_same = laptop.cli("push", "-p", unique, "-d", "development")
    laptop.endpoint = "dns:///flyte.example.com"
    with_another = laptop.cli("push", "-p", unique, "-d", "development")

    assert (service.entries("images"), service.entries("bundles")) == before
    assert with_the_same.count("1 skipped: can be reached from one machine only") == 2
    assert with_another.count("1 skipped: of unknown parts: of another backend, project or platform") == 1


def test_push_skips_borrowed_rows(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(), machines()
    uri = first.run(exists(unique)).values[0]
    second.run(exists(unique))
    service.delete("images", service.entries("images", image_uri=uri)[0]["hash"])

    second.cli("push", "-p", unique)

    assert service.entries("images", image_uri=uri) == []


def test_pull_serves_a_runner_without_the_plugin(machines: Machines, unique: str) -> None:
    first, runner, other = machines(), machines(), machines()
    worked = first.run(exists(unique), {"do": "bundle"})

    output = runner.cli("pull", "-p", unique, "-d", "development", "--bundles")
    shared = runner.run(exists(unique), {"do": "bundle"}, DEJAVU_URL="")
    other.cli("pull", "-p", unique, "-d", "development")

    assert other.run(exists(unique), {"do": "bundle"}, DEJAVU_URL="").uploads == 1

    assert re.search(r"\d+ images written into the local cache", output)
    assert (shared.checks, shared.uploads) == (0, 0)
    assert shared.values == worked.values


def test_pull_skips_other_scopes_and_own_rows(machines: Machines, unique: str) -> None:
    first, other = machines(), machines(project=f"{unique}-other")
    first.run(exists(unique), {"do": "bundle"})
    other.run(exists(unique, tag="own"))
    rows = other.rows("image_cache")

    output = other.cli("pull", "-p", f"{unique}-other", "-d", "development")

    assert "1 skipped: already on this machine" in output
    assert other.rows("image_cache") == rows


def test_plugin_looks_pulled_rows_up_again(machines: Machines, unique: str, service: Service) -> None:
    first, runner = machines(), machines()
    uri = first.run(exists(unique)).values[0]
    runner.cli("pull", "-p", unique, "-d", "development")
    service.delete("images", service.entries("images", image_uri=uri)[0]["hash"])

    assert runner.run(exists(unique)).checks == 1


def test_pull_has_a_limit(machines: Machines, unique: str) -> None:
    first, runner = machines(), machines()
    first.run(*(exists(f"{unique}-{n}") for n in range(3)))

    assert "2 images written" in runner.cli("pull", "-p", unique, "-d", "development", "--limit", "2")


def test_explain_image(machines: Machines, unique: str) -> None:
    machine = machines()
    uri = machine.run(exists(unique)).values[0]

    hit = machine.cli("explain", "-p", unique, "-d", "development", uri)
    other_platform = machine.cli(
        "explain", "-p", unique, "-d", "development", "--platform", "linux/s390x", uri, status=1
    )
    other_project = machine.cli("explain", "-p", "other", "-d", "development", uri, status=1)

    assert f"hit: the team has {uri}" in hit
    assert "the team has it with platforms linux/amd64, linux/arm64" in other_platform
    assert f"the team has it with project {unique}" in other_project
    assert "platforms linux/amd64, linux/arm64" not in other_project.partition("miss")[2]


def test_explain_folder_prints_the_key_of_the_run(machines: Machines, unique: str) -> None:
    machine = machines()
    remote_path = machine.run({"do": "bundle"}).values[0][0]

    output = machine.cli("explain", "-p", unique, "-d", "development", "--files", ".")

    assert remote_path in output
    assert "main.py" in output


def test_explain_script_prints_the_keys_of_its_images_and_bundle(machines: Machines, unique: str) -> None:
    machine = machines()
    (machine.root / "main.py").write_text(SCRIPT.format(name=unique))

    before = machine.cli("explain", "-p", unique, "-d", "development", "main.py", status=1)
    machine.run({"do": "deploy"})
    after = machine.cli("explain", "-p", unique, "-d", "development", "main.py")

    assert before.count("miss: the team does not have it") == 2
    assert "ghcr.io/acme/ready-made:v1 is never looked up" in before
    assert after.count("hit: the team has") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ghcr.io/acme/my-app"], "has no tag"),
        (["ghcr.io/acme/my-app:"], "has no tag"),
        (["ghcr.io/acme/my-app@sha256:00"], "has no tag"),
        (["README.md"], "neither a script (.py) nor a folder"),
        (["tasks/train.py"], "no such file: tasks/train.py; if you mean an image, it has no tag"),
        (["--platform", "amd64", "ghcr.io/acme/my-app:v1"], "as in linux/amd64"),
        (["empty"], "no files"),
        (["broken.py"], "no-such-module"),
    ],
)
def test_explain_rejects_invalid_arguments(machines: Machines, arguments: list[str], message: str) -> None:
    machine = machines()
    (machine.root / "README.md").write_text("read me")
    (machine.root / "empty").mkdir()
    (machine.root / "broken.py").write_text("raise ValueError('no-such-module')\n")

    assert message in machine.cli("explain", *arguments, status=1 if arguments == ["broken.py"] else 2)


def test_narrow_terminal_truncates_no_value(machines: Machines, unique: str) -> None:
    machine = machines()

    output = machine.cli("explain", "-p", unique, "-d", "development", "ghcr.io/a/b:v1", status=1, COLUMNS="40")

    assert machine.scope in output
    assert re.search(r"key +[0-9a-f]{64}", output)


def test_commands_report_failures_without_a_traceback(machines: Machines, unique: str) -> None:
    machine = machines()
    away = {"DEJAVU_URL": "http://dejavu.invalid", "HTTP_PROXY": "foo://x"}
    output = machines(endpoint=None).cli("push", status=1, **away)
    assert "cannot be used: that is no address of a proxy" in " ".join(output.split())
    machine.run(exists(unique))
    machine.cache.write_bytes(b"damaged" * 1000)
    assert "cache.db cannot be used: file is not a database" in machine.cli("push", status=1)


def test_push_sends_a_newer_value_but_no_older_one(machines: Machines, unique: str, service: Service) -> None:
    laptop, other = machines(), machines()
    uri = other.run(exists(unique)).values[0]
    (entry,) = service.entries("images", image_uri=uri)
    laptop.run(exists(unique), DEJAVU_URL="")
    newer = f"{uri}@sha256:{'0' * 64}"
    laptop.set_local("image_cache", "image_uri", newer)

    laptop.cli("push", "-p", unique, "-d", "development")
    other.age(3600)
    other.cli("push", "-p", unique, "-d", "development")

    (pushed,) = service.entries("images", image_uri=newer)
    assert pushed["hash"] == entry["hash"]


def test_push_skips_the_latest_tag(machines: Machines, unique: str) -> None:
    laptop = machines()
    laptop.run({"do": "build", "name": unique, "platforms": BOTH, "tag": "latest", "force": True}, DEJAVU_URL="")

    assert "0 images shared with the team" in laptop.cli("push", "-p", unique, "-d", "development")


def test_pull_skips_local_images_and_keeps_the_expiry(machines: Machines, unique: str, tmp_path: Path) -> None:
    lenient = Service(tmp_path / "lenient", "--dejavu.accept-local=true", "--dejavu.image.ttl=1h")
    try:
        runner = machines(url=lenient.url)
        for repository in ("localhost:5000/app", "ghcr.io/acme/app"):
            key = ImageKey(runner.scope, repository, "v1", tuple(BOTH))
            httpx.put(f"{lenient.url}/images/{key.hash}", json=key.parts() | {"image_uri": key.uri}).raise_for_status()
        httpx.put(f"{lenient.url}/images/{0:064}", json={"image_uri": "ghcr.io/acme/app:v2"}).raise_for_status()

        output = runner.cli("pull", "-p", unique, "-d", "development")

        assert "1 skipped: can be reached from one machine only" in output
        ((_, uri, created_at),) = runner.rows("image_cache")
        assert uri == "ghcr.io/acme/app:v1"
        assert created_at + 86400 < time.time() + 3601
    finally:
        lenient.stop()


def pages(next_cursor: Callable[[int], object]) -> Behaviour:
    """Answer with empty pages that have a next one."""
    numbers = itertools.count()

    def page(s: socket.socket, request: bytes) -> None:
        body = json.dumps({"entries": [], "next": next_cursor(next(numbers))})
        answer("200 OK", "application/json", body)(s, request)

    return page


@pytest.mark.parametrize(
    ("next_cursor", "requests"),
    [(lambda _: "same", 2), (lambda n: f"{n % 3}", 4), (lambda n: str(n) * 400, 11), (lambda n: [n], 1), (str, 1000)],
    ids=["repeats", "is a circle", "grows", "is a list", "never ends"],
)
def test_pages_without_an_end_are_given_up(
    machines: Machines, next_cursor: Callable[[int], object], requests: int
) -> None:
    server = Server(pages(next_cursor))

    output = machines(url=server.url).cli("pull", status=1)

    assert "The team cache does not work: its list has no end" in " ".join(output.split())
    assert len(server.requests) == requests
    server.close()


@pytest.mark.parametrize(
    "arguments", [[], ["explain", "--help"], ["push", "--help"], ["pull", "--help"], ["forget", "--help"]]
)
def test_help(machines: Machines, arguments: list[str]) -> None:
    assert "Usage: flyte team-cache" in machines().cli(*arguments, status=0 if arguments else 2)
