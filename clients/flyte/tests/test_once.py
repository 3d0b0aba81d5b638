"""A new image is built once: other processes of Flyte wait for it, and take it as any other hit."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import Machine, build
from leasing import Leasing, body

Machines = Callable[..., Machine]

# The machine that runs the tests may be busy.
PATIENT = {"DEJAVU_TIMEOUT": "10"}


@pytest.fixture
def leasing() -> Iterator[Leasing]:
    made = Leasing()
    yield made
    made.server.close()


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_image_is_built_once(machines: Machines, unique: str, leasing: Leasing, tmp_path: Path) -> None:
    name, is_waited_for = f"absent-{unique}", tmp_path / "is waited for"
    first, second = machines(url=leasing.url), machines(url=leasing.url)

    with ThreadPoolExecutor() as pool:
        env = {"BUILD_UNTIL": str(is_waited_for), "USER": "alice", "LOGNAME": "alice", **PATIENT}
        building = pool.submit(lambda: first.run(build(name), **env))
        until(leasing.leases)
        waiting = pool.submit(lambda: second.run(build(name), **PATIENT))
        until(lambda: len(leasing.leases()) == 3)
        time.sleep(1)
        is_waited_for.touch()
        built, waited = building.result(), waiting.result()

    assert (built.builds, waited.builds) == (1, 0)
    assert built.values == waited.values
    (put,) = leasing.asked("PUT")
    assert b"\r\nDejavu-Lease: token-1\r\n" in put
    assert leasing.held == {}
    assert not leasing.asked("DELETE")
    who = body(leasing.leases()[0])["holder"]
    assert who.startswith("alice@")
    assert waited.occurrences(f"Waiting for {built.values[0]}: {who} builds it since ") == 1
    assert waited.occurrences(f"{built.values[0]} is there, built by {who}: waited ") == 1
    asked = re.fullmatch(r"Team cache: asked 1 in (\S+) s, hits 0, waited (\S+) s for 1 build of others", waited.line)
    assert asked, waited.line
    assert float(asked[2]) >= 1, waited.line
    # As of any value of the team, the row is borrowed, and the next run looks it up again.
    assert second.rows("image_cache")[0][1] == built.values[0]
    leasing.server.requests.clear()
    again = second.run(build(name), **PATIENT)
    assert (again.builds, again.values) == (0, built.values)
    assert len(leasing.asked("GET")) == 1
    assert not leasing.leases()
