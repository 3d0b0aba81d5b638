"""What the team says counts only as long as Flyte would believe its own rows."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from conftest import BOTH, Machine, Service, exists
from servers import MISS, Behaviour, Server, answer

from dejavu_flyte.keys import ImageKey

Machines = Callable[..., Machine]

HOUR = 3600
DAY = 24 * HOUR
BUNDLE = {"do": "bundle"}


def instant(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def entry(machine: Machine, unique: str, age: float | None, clock: float = 0) -> dict[str, Any]:
    """Return an entry that was verified so many seconds ago; its clock is so many seconds ahead."""
    now = time.time() + clock
    key = ImageKey(machine.scope, f"ghcr.io/acme/{unique}", "v1", tuple(BOTH))
    at = {"created_at": instant(now - 20 * DAY), "expires_at": instant(now + 10 * DAY)}
    verified = {"verified_by": "client"} | ({} if age is None else {"verified_at": instant(now - age)})
    return {"hash": key.hash, "image_uri": key.uri, **key.parts(), **at, **verified}


def answering(found: dict[str, Any], clock: float = 0, path: bytes = b"GET /images/") -> Behaviour:
    """Answer with an entry, and else that there is none; take each PUT."""

    def behave(s: socket.socket, request: bytes) -> None:
        date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=clock), usegmt=True)
        if request.startswith((path, b"PUT ")):
            answer("200 OK", "application/json", json.dumps(found), f"Date: {date}")(s, request)
        else:
            MISS(s, request)

    return behave


@pytest.mark.parametrize(
    ("age", "clock", "max_age", "is_hit"),
    [
        (23 * HOUR, 0, "", True),
        (25 * HOUR, 0, "", False),
        (None, 0, "", False),
        (25 * HOUR, 0, "30d", True),
        (31 * DAY, 0, "30d", False),
        (3 * HOUR, 0, "2h", False),
        (HOUR, 0, "90m", True),
        (HOUR, 10 * DAY, "", True),
        (HOUR, -10 * DAY, "", True),
        (2 * DAY, -2 * DAY, "", False),
        (2 * DAY, 2 * DAY, "", False),
    ],
)
@pytest.mark.parametrize("path", [b"GET /images/", b"POST /images/resolve"], ids=["get", "resolve"])
def test_image_counts_while_it_is_young(
    machines: Machines, unique: str, path: bytes, age: float | None, clock: float, max_age: str, is_hit: bool
) -> None:
    machine = machines(environment={"DEJAVU_TIMEOUT": "5"})
    server = Server(answering(entry(machine, unique, age, clock), clock, path))
    try:
        run = machine.run(exists(unique, tag="v1"), DEJAVU_URL=server.url, DEJAVU_MAX_AGE=max_age)
    finally:
        server.close()

    assert (run.checks, run.values) == (0 if is_hit else 1, [f"ghcr.io/acme/{unique}:v1"])
    assert any(request.startswith(b"PUT ") for request in server.requests) != is_hit
    rows = machine.rows("image_cache")
    if is_hit and age is not None and age < DAY:
        assert [time.time() - row[-1] for row in rows] == [pytest.approx(age, abs=60)]
    elif is_hit:
        assert rows == []
    else:
        assert [time.time() - row[-1] for row in rows] == [pytest.approx(0, abs=60)]


def test_stale_entry_that_is_too_old_is_a_miss(machines: Machines, unique: str) -> None:
    machine = machines(environment={"DEJAVU_TIMEOUT": "5"})
    server = Server(answering(entry(machine, unique, 2 * DAY) | {"stale": True}))
    try:
        assert machine.run(exists(unique, tag="v1"), DEJAVU_URL=server.url).checks == 1
    finally:
        server.close()


@pytest.mark.parametrize(("age", "max_age", "uploads"), [(HOUR, "", 0), (2 * DAY, "", 1), (2 * DAY, "30d", 0)])
def test_bundle_counts_while_it_is_young(
    machines: Machines, service: Service, age: float, max_age: str, uploads: int
) -> None:
    first, second = machines(), machines(environment={"DEJAVU_TIMEOUT": "5"})
    path = first.run(BUNDLE).values[0][0]
    (found,) = service.entries("bundles", remote_path=path)
    server = Server(answering(found | {"created_at": instant(time.time() - age)}, path=b"GET /bundles/"))
    try:
        run = second.run(BUNDLE, DEJAVU_URL=server.url, DEJAVU_MAX_AGE=max_age)
    finally:
        server.close()

    assert run.uploads == uploads
    if age < DAY:
        (row,) = second.rows("bundle_cache")
        assert time.time() - row[-1] == pytest.approx(age, abs=60)


def test_borrowed_row_is_held_to_the_age_without_the_team(machines: Machines, unique: str) -> None:
    first, second = machines(), machines(environment={"DEJAVU_MAX_AGE": "2h"})
    steps = exists(unique), {"do": "bundle"}
    first.run(*steps)
    second.run(*steps)
    off = {"DEJAVU_URL": "http://127.0.0.1:9"}

    second.age(3600)
    young = second.run(*steps, **off)
    second.age(3700)
    old = second.run(*steps, **off)

    assert (young.checks, young.uploads) == (0, 0)
    assert (old.checks, old.uploads) == (1, 1)


def test_miss_of_an_old_entry_makes_it_young_again(machines: Machines, unique: str, service: Service) -> None:
    first, second, third = (machines(environment={"DEJAVU_TIMEOUT": "5"}) for _ in range(3))
    first.run(exists(unique), BUNDLE)
    time.sleep(2.1)

    old = second.run(exists(unique), BUNDLE, DEJAVU_MAX_AGE="1s")
    young = third.run(exists(unique), BUNDLE, DEJAVU_MAX_AGE="1h")

    assert (old.checks, old.uploads) == (1, 1)
    assert (young.checks, young.uploads) == (0, 0)


def test_pull_leaves_no_row_that_is_too_young(machines: Machines, unique: str, service: Service) -> None:
    machine = machines()
    ages = {f"{unique}-{n}": age for n, age in enumerate([5 * HOUR, 23 * HOUR, 25 * HOUR, None])}
    page = {"entries": [entry(machine, name, age, DAY) for name, age in ages.items()]}
    server = Server(answering(page, DAY, b"GET /images?"))
    bundles = answering({"entries": []}, DAY, b"GET /bundles?")
    behave = server.behave
    server.behave = lambda s, request: (bundles if b" /bundles?" in request[:40] else behave)(s, request)
    try:
        output = machine.cli("pull", "-p", unique, "-d", "development", DEJAVU_URL=server.url, DEJAVU_MAX_AGE="30d")
    finally:
        server.close()

    assert "2 images written" in output
    assert "not verified" in output
    assert sorted(time.time() - row[-1] for row in machine.rows("image_cache")) == [
        pytest.approx(5 * HOUR, abs=60),
        pytest.approx(23 * HOUR, abs=60),
    ]


@pytest.mark.parametrize("value", ["0", "1", "d", "-1d", "1.5h", "1w", "99999d", "٣d"])
def test_max_age_must_be_a_time(machines: Machines, unique: str, value: str) -> None:
    run = machines().run(exists(unique), DEJAVU_MAX_AGE=value)

    assert run.occurrences("The team cache is not used: DEJAVU_MAX_AGE must be a time like 12h or 30d") == 1
    assert run.checks == 1


def test_skip_does_the_work_and_tells_the_team_anew(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(), machines()
    uri, (path, _) = first.run(exists(unique), BUNDLE).values
    second.run(exists(unique), BUNDLE)
    (before,) = service.entries("images", image_uri=uri)
    digest = service.entries("bundles", remote_path=path)[0]["digest"]

    own = first.run(exists(unique), BUNDLE, DEJAVU_SKIP="1")
    borrowed = second.run(exists(unique), BUNDLE, DEJAVU_SKIP="1")

    assert (own.checks, own.uploads, borrowed.checks, borrowed.uploads) == (1, 1, 1, 1)
    assert service.entries("images", image_uri=uri)[0]["created_at"] > before["created_at"]
    assert [bundle["digest"] for bundle in service.entries("bundles") if bundle["digest"] == digest]
    assert machines().run(exists(unique), BUNDLE).checks == 0


def test_skip_asks_the_team_nothing(machines: Machines, unique: str) -> None:
    server = Server(MISS)
    try:
        machines(url=server.url).run(exists(unique), BUNDLE, DEJAVU_SKIP="1")
    finally:
        server.close()

    assert server.requests
    assert not any(re.match(rb"GET /(images|bundles)|POST ", request) for request in server.requests)
