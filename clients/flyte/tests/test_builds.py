"""The wrapped `build_image` of Flyte's builders, in this process, with a service and a builder of the tests."""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flyte._internal.imagebuild.image_builder  # noqa: F401  (the package looks for what Flyte has imported)
import pytest
from conftest import BUILDER
from flyte._build import ImageBuild
from flyte.syncify import _api, syncify
from leasing import Leasing, drop, problem
from servers import answer

from dejavu_flyte import builds, interrupts, links, log, run, support, waits
from dejavu_flyte.journal import Journal
from dejavu_flyte.keys import ImageKey
from dejavu_flyte.local import Rows
from dejavu_flyte.settings import Settings
from dejavu_flyte.sharing import Sharing
from dejavu_flyte.team import Team
from dejavu_flyte.values import Allowed

SCOPE = "https://flyte.example.com:proj:development"


def image(name: str = "app", registry: str | None = "ghcr.io/acme", tag: str = "v1") -> Any:
    return SimpleNamespace(registry=registry, name=name, _final_tag=tag, platform=("linux/amd64",))


def key(of: Any, remote: bool = False) -> ImageKey:
    repository = f"{of.registry}/{of.name}" if of.registry else of.name
    return ImageKey(SCOPE, repository, of._final_tag, of.platform, remote=remote)


@dataclass
class Builder:
    """Builds in no time, or as long as it is told, or fails; afterwards, Flyte writes the URI into its cache."""

    sharing: Sharing
    prefix: str = ""
    seconds: float = 0.0
    error: Exception | None = None
    built: list[str] = field(default_factory=list)

    @property
    def build_image(self) -> Callable[..., Any]:
        return builds.once(self._build_image, remote=bool(self.prefix))

    async def _build_image(self, image: Any, dry_run: bool = False, wait: bool = True, force: bool = False) -> Any:
        self.built.append(image.name)
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.error
        return ImageBuild(uri=f"{self.prefix}{key(image).local_uri}" if wait else None, remote_run=None)

    async def build(self, of: Any, **how: bool) -> str | None:
        built = await self.build_image(of, **how)
        if built.uri and not how.get("dry_run"):
            value = {"image_uri": built.uri}
            if not self.sharing.writes_itself(key(of), value):
                self.sharing.on_local_write(key(of), value, dict, built=True)
        return built.uri


@pytest.fixture
def leasing() -> Iterator[Leasing]:
    made = Leasing()
    yield made
    made.server.close()


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch, leasing: Leasing, tmp_path: Path) -> Callable[..., Builder]:
    monkeypatch.setattr(support, "scope", lambda: SCOPE)

    def make(prefix: str = "", seconds: float = 0.0, error: Exception | None = None, **settings: Any) -> Builder:
        given = Settings(**{"url": leasing.url, "timeout": 10, **settings})
        team = Team(given)
        atexit.unregister(team._end)
        sharing = Sharing(team, Journal(lambda: tmp_path / "dejavu.db"), given, Rows())
        monkeypatch.setattr(run, "sharing", lambda: sharing)
        return Builder(sharing, prefix, seconds, error)

    return make


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def entry(of: Any, prefix: str = "") -> dict[str, Any]:
    return {"image_uri": f"{prefix}{key(of).uri}"}


def test_build_takes_the_lease_and_the_image_ends_it(builder: Callable[..., Builder], leasing: Leasing) -> None:
    local = builder()

    assert asyncio.run(local.build(image())) == "ghcr.io/acme/app:v1"

    until(lambda: leasing.asked("PUT"))
    assert local.built == ["app"]
    assert b"\r\nDejavu-Lease: token-1\r\n" in leasing.asked("PUT")[0]
    until(lambda: not leasing.held)
    assert not leasing.asked("DELETE")


def test_image_of_another_is_taken_as_found(
    builder: Callable[..., Builder], leasing: Leasing, capsys: pytest.CaptureFixture[str]
) -> None:
    local = builder()
    leasing.hold(key(image()).hash, "alice@\x1b[31mlaptop", expected=40)
    threading.Timer(1.0, leasing.put, (key(image()).hash, entry(image()))).start()

    assert asyncio.run(local.build(image())) == "ghcr.io/acme/app:v1"

    assert local.built == []
    assert not leasing.asked("PUT")  # it is the team's
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith(r"Waiting for ghcr.io/acme/app:v1: alice@\x1b[31mlaptop builds it since ")
    assert first.endswith(" s now, and it usually takes 40 s")
    assert last.startswith(r"ghcr.io/acme/app:v1 is there, built by alice@\x1b[31mlaptop: waited ")
    usage = local.sharing._team.usage
    assert len(usage._waits) == 1
    assert usage._reports() == []  # it is no time that asking cost
    assert local.sharing._team._budget.cost == 0


@pytest.mark.parametrize(
    "other",
    [{"image_uri": "ghcr.io/evil/app:v1"}, {"image_uri": "ghcr.io/acme/app:v1", "verified_at": "2020-01-01T00:00:00Z"}],
    ids=["another image", "too old"],
)
def test_image_that_is_not_believed_is_built(
    builder: Callable[..., Builder], leasing: Leasing, other: dict[str, str]
) -> None:
    local = builder()
    leasing.hold(key(image()).hash)
    threading.Timer(0.3, leasing.put, (key(image()).hash, other)).start()

    assert asyncio.run(local.build(image())) == "ghcr.io/acme/app:v1"

    assert local.built == ["app"]


def test_images_of_one_process_do_not_wait_for_each_other(builder: Callable[..., Builder], leasing: Leasing) -> None:
    local = builder(seconds=0.2)
    images = [image(f"app{n}") for n in range(40)]
    for theirs in images[::2]:  # more than a pool has threads
        leasing.hold(key(theirs).hash)

    def finish() -> None:
        until(lambda: len(leasing.stored) == 20)
        for theirs in images[::2]:
            leasing.put(key(theirs).hash, entry(theirs))

    threading.Thread(target=finish, daemon=True).start()

    async def all_of_them() -> list[str | None]:
        return await asyncio.gather(*(local.build(each) for each in images))

    assert asyncio.run(all_of_them()) == [key(each).local_uri for each in images]
    assert sorted(local.built) == sorted(each.name for each in images[1::2])


@pytest.mark.parametrize("error", [RuntimeError("no"), asyncio.CancelledError(), KeyboardInterrupt()], ids=repr)
def test_failed_build_gives_the_lease_back(builder: Callable[..., Builder], leasing: Leasing, error: Exception) -> None:
    with pytest.raises(type(error)):
        asyncio.run(builder(error=error).build(image()))

    until(lambda: leasing.asked(f"DELETE /images/{key(image()).hash}/lease/token-1"))
    assert leasing.held == {}


def test_lease_is_renewed_while_a_build_runs(builder: Callable[..., Builder], leasing: Leasing) -> None:
    leasing.ttl = 0.9

    asyncio.run(builder(seconds=1).build(image()))

    count = len(leasing.asked(f"POST /images/{key(image()).hash}/lease/token-1/renew"))
    assert 2 <= count <= 3


def test_lost_lease_lets_the_build_go_on(builder: Callable[..., Builder], leasing: Leasing) -> None:
    leasing.ttl = 0.6
    leasing.renews = problem("409 Conflict")

    assert asyncio.run(builder(seconds=0.5).build(image()))

    until(lambda: leasing.asked("PUT"))


def test_cancelled_wait_asks_no_more(builder: Callable[..., Builder], leasing: Leasing) -> None:
    local = builder()
    leasing.hold(key(image()).hash)

    async def cancelled() -> None:
        building = asyncio.ensure_future(local.build(image()))
        while len(leasing.leases()) < 2:
            await asyncio.sleep(0.02)
        building.cancel()
        await asyncio.wait([building])

    asyncio.run(cancelled())
    leasing.end(key(image()).hash)

    until(lambda: leasing.asked("DELETE"))  # what came too late
    assert local.built == []
    assert leasing.held == {}


@pytest.mark.parametrize("how", [{"force": True}, {"dry_run": True}, {"wait": False}], ids=repr)
def test_some_builds_take_no_lease(builder: Callable[..., Builder], leasing: Leasing, how: dict[str, bool]) -> None:
    local = builder()

    asyncio.run(local.build(image(), **how))

    assert local.built == ["app"]
    assert not leasing.leases()


@pytest.mark.parametrize("settings", [{"skip": True}, {"wait": 0}, {"allowed": Allowed(share=("x",))}], ids=repr)
def test_some_settings_take_no_lease(
    builder: Callable[..., Builder], leasing: Leasing, settings: dict[str, Any]
) -> None:
    local = builder(**settings)

    asyncio.run(local.build(image()))

    assert local.built == ["app"]
    assert not leasing.leases()


@pytest.mark.parametrize(
    "never", [image(tag="latest"), image(registry=None), image(registry="localhost:5000"), image(name=None)], ids=repr
)
def test_some_images_take_no_lease(builder: Callable[..., Builder], leasing: Leasing, never: Any) -> None:
    local = builder(allowed=Allowed(image_prefixes=(BUILDER,)))

    asyncio.run(local.build_image(never))

    assert local.built == [never.name]
    assert not leasing.leases()


@pytest.mark.parametrize(
    "says",
    [
        [problem("404 Not Found")],
        [problem("405 Method Not Allowed")],
        [problem("403 Forbidden")],
        [answer("202 Accepted", "application/json", '{"holder": "bob"}'), *[drop] * 50],
    ],
    ids=["older", "oldest", "read-only", "goes away"],
)
def test_build_goes_on_without_a_lease(builder: Callable[..., Builder], leasing: Leasing, says: list[Any]) -> None:
    leasing.says = says
    local = builder()

    assert asyncio.run(local.build(image()))

    assert local.built == ["app"]
    until(lambda: leasing.asked("PUT"))
    assert b"Dejavu-Lease" not in leasing.asked("PUT")[0]


def test_remote_build_is_waited_for_under_the_name_of_its_backend(
    builder: Callable[..., Builder], leasing: Leasing
) -> None:
    of = image(registry=None)
    remote = builder(prefix=f"{BUILDER}/", allowed=Allowed(image_prefixes=(BUILDER,)), remote_builder="any")
    leasing.hold(key(of, remote=True).hash)
    threading.Timer(0.3, leasing.put, (key(of, remote=True).hash, entry(of, f"{BUILDER}/"))).start()

    assert asyncio.run(remote.build(of)) == f"{BUILDER}/app:v1"
    assert remote.built == []

    leasing.stored.clear()
    assert asyncio.run(remote.build(of)) == f"{BUILDER}/app:v1"
    until(lambda: leasing.asked("PUT"))
    assert b"Dejavu-Lease: token-1" in leasing.asked("PUT")[0]


def test_remote_build_has_the_link_to_the_build_of_another(builder: Callable[..., Builder], leasing: Leasing) -> None:
    if not links.are_recorded():
        pytest.skip("this Flyte records no links")
    of = image(registry=None)
    remote = builder(prefix=f"{BUILDER}/", allowed=Allowed(image_prefixes=(BUILDER,)))
    leasing.hold(key(of, remote=True).hash)
    link = {"build_run": "org/proj/development/r17"}
    threading.Timer(0.3, leasing.put, (key(of, remote=True).hash, entry(of, f"{BUILDER}/") | link)).start()

    built = asyncio.run(remote.build_image(of))

    assert (built.build_run.name, remote.built) == ("r17", [])


@pytest.mark.parametrize("settings", [{"remote_builder": "off"}, {}], ids=["off", "where nobody would believe it"])
def test_some_remote_builds_take_no_lease(
    builder: Callable[..., Builder], leasing: Leasing, settings: dict[str, Any]
) -> None:
    remote = builder(prefix=f"{BUILDER}/", **settings)

    asyncio.run(remote.build(image(registry=None)))

    assert remote.built == ["app"]
    assert not leasing.leases()


def test_image_that_cannot_be_shared_after_all_gives_the_lease_back(
    builder: Callable[..., Builder], leasing: Leasing
) -> None:
    local = builder()

    async def elsewhere(image: Any, dry_run: bool = False, wait: bool = True, force: bool = False) -> Any:
        return ImageBuild(uri="localhost:5000/app:v1", remote_run=None)

    built = asyncio.run(builds.once(elsewhere, remote=False)(image()))
    local.sharing.on_local_write(key(image()), {"image_uri": built.uri}, dict, built=True)

    until(lambda: leasing.asked("DELETE"))
    assert not leasing.asked("PUT")


def test_builder_may_call_that_of_its_parent(builder: Callable[..., Builder], leasing: Leasing) -> None:
    local = builder()

    async def of_child(image: Any, dry_run: bool = False, wait: bool = True, force: bool = False) -> Any:
        return await local.build_image(image, dry_run=dry_run, wait=wait, force=force)

    assert asyncio.run(builds.once(of_child, remote=False)(image())).uri
    assert len(leasing.leases()) == 1


def test_log_has_a_line_now_and_then(
    builder: Callable[..., Builder],
    leasing: Leasing,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dejavu_flyte import waits

    assert waits._EVERY_SECONDS == 30
    monkeypatch.setattr(waits, "_EVERY_SECONDS", 0.2)
    leasing.hold(key(image()).hash)
    threading.Timer(1.0, leasing.end, (key(image()).hash,)).start()

    asyncio.run(builder().build(image()))

    *waiting, last = capsys.readouterr().err.splitlines()
    assert 3 <= len(waiting) <= 6
    assert last.startswith("alice@laptop gave ghcr.io/acme/app:v1 up: waited 1 s, and it is built here")


def test_nothing_is_said_where_warnings_are_not(
    builder: Callable[..., Builder],
    leasing: Leasing,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log, "is_shown", lambda: False)
    leasing.hold(key(image()).hash)
    threading.Timer(0.3, leasing.end, (key(image()).hash,)).start()

    asyncio.run(builder().build(image()))

    assert capsys.readouterr().err == ""


def interrupt_when(condition: Callable[[], object], number: int = 1) -> None:
    """Press Ctrl-C so many times, as soon as something is so."""

    def press() -> None:
        for _ in range(number):
            until(condition)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.3)

    threading.Thread(target=press, daemon=True).start()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a person in front of a terminal."""
    monkeypatch.setattr(interrupts, "are_meant_for_waits", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    bridge = _api._BackgroundLoop
    for name in ("call_in_loop_sync", "aio"):
        monkeypatch.setattr(bridge, name, getattr(bridge, name))
    before = signal.getsignal(signal.SIGINT)
    interrupts.wrap(_api)
    yield
    assert signal.getsignal(signal.SIGINT) is before


def in_this_thread(build: Callable[[], Any]) -> Any:
    return asyncio.run(build())


def in_the_thread_of_flyte(build: Callable[[], Any]) -> Any:
    return syncify(build)()


def in_both(build: Callable[[], Any]) -> Any:
    async def awaited() -> Any:
        return await syncify(build).aio()

    return asyncio.run(awaited())


@pytest.mark.parametrize("how", [in_this_thread, in_the_thread_of_flyte, in_both])
@pytest.mark.usefixtures("terminal")
def test_first_interrupt_builds_here(
    builder: Callable[..., Builder],
    leasing: Leasing,
    how: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    local = builder()
    leasing.hold(key(image()).hash)
    interrupt_when(lambda: len(leasing.leases()) == 2)

    async def build() -> str | None:
        return await local.build(image())

    assert how(build) == "ghcr.io/acme/app:v1"

    assert local.built == ["app"]
    first, last = capsys.readouterr().err.splitlines()
    assert first.endswith("(Ctrl-C builds it here)")
    assert last.startswith("The wait for ghcr.io/acme/app:v1 was interrupted: waited ")


def test_defect_of_the_client_builds_here(
    builder: Callable[..., Builder], leasing: Leasing, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = builder()
    leasing.hold(key(image()).hash)
    monkeypatch.setattr(waits.Wait, "held", lambda *_: 1 / 0)

    assert asyncio.run(asyncio.wait_for(local.build(image()), 20)) == "ghcr.io/acme/app:v1"

    assert local.built == ["app"]


@pytest.mark.usefixtures("terminal")
def test_line_of_a_terminal_moves_and_disappears(
    builder: Callable[..., Builder],
    leasing: Leasing,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    leasing.hold(key(image()).hash, "alice@\x1b[31mlaptop")
    threading.Timer(0.7, leasing.put, (key(image()).hash, entry(image()))).start()

    asyncio.run(builder().build(image()))

    *moved, cleared, last = capsys.readouterr().err.replace("\r\x1b[2K", "\n").splitlines()[1:]
    assert len(moved) >= 2
    assert all(len(line) < 60 and line.endswith("(Ctrl-C builds it here)") for line in moved)
    assert len({line[0] for line in moved}) > 1
    assert "\x1b" not in "".join(moved)
    assert cleared == "" or last.startswith("ghcr.io/acme/app:v1 is there")


@pytest.mark.usefixtures("terminal")
def test_second_interrupt_ends_the_program(builder: Callable[..., Builder], leasing: Leasing) -> None:
    local = builder(seconds=5)
    leasing.hold(key(image()).hash)
    interrupt_when(lambda: len(leasing.leases()) == 2, 2)

    async def build() -> str | None:
        return await local.build(image())

    with pytest.raises(KeyboardInterrupt):
        in_the_thread_of_flyte(build)

    assert local.built == ["app"]


@pytest.mark.usefixtures("terminal")
def test_interrupt_without_a_wait_ends_the_program(builder: Callable[..., Builder], leasing: Leasing) -> None:
    local = builder(seconds=5)
    interrupt_when(lambda: local.built)

    async def build() -> str | None:
        return await local.build(image())

    with pytest.raises(KeyboardInterrupt):
        in_the_thread_of_flyte(build)
    local.sharing.leases._end()  # as at the end of the process

    assert leasing.asked("DELETE")
