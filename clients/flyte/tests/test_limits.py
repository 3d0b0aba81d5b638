"""What a run may lose to lookups, far away and through failures; the team cache in this process, with test servers."""

from __future__ import annotations

import itertools
import json
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import MISS, Behaviour, Far, Server, answer, drip_headers, hang, self_signed, with_tls

from dejavu_flyte import limits, team
from dejavu_flyte.keys import ImageKey, Value
from dejavu_flyte.settings import Settings
from dejavu_flyte.team import Team, TeamOff

ROUND_TRIP = 0.23
# A busy machine may add this to steps that take milliseconds.
NOISE = 0.4
SCOPE = "https://flyte.example.com:proj:development"


def image(name: str) -> ImageKey:
    return ImageKey(SCOPE, f"ghcr.io/acme/{name}", "v1", ("linux/amd64",))


def value(key: ImageKey) -> Value:
    return {"image_uri": key.uri}


def has(*keys: ImageKey) -> Behaviour:
    """Answer like a service that has these entries, and stores what it gets."""
    entries = {key.hash: {"hash": key.hash, "created_at": "now", "expires_at": "later", **value(key)} for key in keys}

    def behave(s: socket.socket, request: bytes) -> None:
        method, path = request.split(b" ")[:2]
        if method == b"PUT":
            body = json.loads(request.partition(b"\r\n\r\n")[2] or request[request.index(b"{") :])
            stored = {"hash": path.decode().rpartition("/")[2], "created_at": "now", "expires_at": "later", **body}
            answer("201 Created", "application/json", json.dumps(stored))(s, request)
        elif entry := entries.get(path.decode().rpartition("/")[2]):
            answer("200 OK", "application/json", json.dumps(entry))(s, request)
        else:
            MISS(s, request)

    return behave


def once(first: Behaviour, then: Behaviour) -> Behaviour:
    """Behave in one way the first time, and then in another."""
    behaviours = itertools.chain([first], itertools.repeat(then))

    def behave(s: socket.socket, request: bytes) -> None:
        next(behaviours)(s, request)

    return behave


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def make(behave: Behaviour, *, tls: bool = False) -> Server:
        context = None
        if tls:
            certificate = self_signed(tmp_path)
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            context = with_tls(certificate)
        servers.append(Server(behave, context))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.WARNING, "flyte.dejavu")
    return lambda: [r.getMessage() for r in caplog.records if r.name == "flyte.dejavu"]


def ask(asked: Team, key: ImageKey) -> tuple[str, float]:
    begin = time.monotonic()
    try:
        outcome = "hit" if asked.find(key) else "miss"
    except TeamOff:
        outcome = "off"
    if outcome == "hit":
        asked.saved(4.0)
    return outcome, time.monotonic() - begin


def lookups(server: Server) -> int:
    return sum(r.startswith(b"GET /images/") for r in server.requests)


def far_away(serve: Callable[..., Server], behave: Behaviour) -> tuple[Server, Far]:
    server = serve(behave, tls=True)
    return server, Far(server.url.replace("http://", "https://"))


def test_far_user_loses_one_second_at_most(serve: Callable[..., Server], said: Callable[[], list[str]]) -> None:
    server, far = far_away(serve, MISS)
    asked = Team(Settings(url=far.url))

    outcomes = [ask(asked, image(f"absent-{n}")) for n in range(10)]

    assert outcomes[-1][0] == "off"
    assert sum(seconds for _, seconds in outcomes) < 1.0 + NOISE
    assert 1 <= lookups(server) <= 4
    assert len(said()) == 1  # slow, or on a busy machine not connected in time
    far.close()


def test_far_user_gains(serve: Callable[..., Server], said: Callable[[], list[str]]) -> None:
    keys = [image(f"there-{n}") for n in range(8)]
    _, far = far_away(serve, has(*keys))
    asked = Team(Settings(url=far.url))

    asked.warm_up()
    time.sleep(4 * ROUND_TRIP + 1)
    outcomes = [ask(asked, key) for key in keys]

    assert [outcome for outcome, _ in outcomes] == ["hit"] * 8
    assert max(seconds for _, seconds in outcomes) < ROUND_TRIP + NOISE
    assert far.connections == 1
    assert not said()


def test_slow_connection_leaves_time_for_another_lookup(
    serve: Callable[..., Server], said: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token takes a second to fetch, or the name to look up."""
    resolve = socket.getaddrinfo

    def slow(*args: Any, **more: Any) -> Any:
        time.sleep(1.2)
        return resolve(*args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    asked = Team(Settings(url=serve(has(image("there"))).url))

    first, seconds = ask(asked, image("there"))
    meanwhile, nothing = ask(asked, image("there"))
    time.sleep(2)
    then, _ = ask(asked, image("there"))

    assert (first, meanwhile, then) == ("off", "off", "hit")
    assert seconds < 0.7 + NOISE
    assert nothing < 0.1
    assert len(said()) == 1
    assert "is off until it is connected: no connection within 0.63 s" in said()[0]


def test_warm_up_connects_ahead(serve: Callable[..., Server]) -> None:
    server, far = far_away(serve, has(image("there")))
    asked = Team(Settings(url=far.url))

    asked.warm_up()
    time.sleep(4 * ROUND_TRIP + 1)
    outcome, seconds = ask(asked, image("there"))

    assert outcome == "hit"
    assert ROUND_TRIP <= seconds < 2 * ROUND_TRIP + 0.1  # one round trip: nothing is left to open
    assert (lookups(server), far.connections) == (1, 1)
    far.close()


def test_entry_of_a_far_user_arrives_at_the_end(serve: Callable[..., Server]) -> None:
    _, far = far_away(serve, has())
    asked = Team(Settings(url=far.url))
    stored: list[bool] = []
    assert ask(asked, image("new"))[0] == "miss"

    asked.put(image("new"), value(image("new")), lambda: stored.append(True))
    begin = time.monotonic()
    asked.flush()

    assert stored == [True]
    assert time.monotonic() - begin < 1.0 + NOISE
    far.close()


def test_entries_are_sent_after_lookups_have_ended(serve: Callable[..., Server]) -> None:
    server, far = far_away(serve, has())
    asked = Team(Settings(url=far.url))
    while ask(asked, image("absent"))[0] != "off":
        pass

    asked.put(image("new"), value(image("new")), lambda: None)
    asked.flush()

    assert [r.split(b" ")[0] for r in server.requests][-1] == b"PUT"
    far.close()


def test_one_late_answer_gets_another_try(serve: Callable[..., Server], said: Callable[[], list[str]]) -> None:
    server = serve(once(hang, has(image("there"))))

    outcome, seconds = ask(Team(Settings(url=server.url)), image("there"))

    assert outcome == "hit"
    assert seconds < 1.0
    assert lookups(server) == server.connections == 2
    assert not said()


@pytest.mark.parametrize("status", ["503 Unavailable", "429 Too Many Requests"])
def test_busy_service_is_a_miss_of_that_key(
    serve: Callable[..., Server], said: Callable[[], list[str]], status: str
) -> None:
    busy = answer(status, "application/problem+json", '{"type": "urn:dejavu:problem:overloaded"}', "Retry-After: 1")
    server = serve(once(busy, has(image("there"))))
    asked = Team(Settings(url=server.url))

    outcomes = [ask(asked, image("there"))[0] for _ in range(2)]

    assert outcomes == ["off", "hit"]
    assert not said()


def test_entry_that_a_busy_service_refuses_is_sent_again(serve: Callable[..., Server]) -> None:
    busy = answer("503 No", "application/problem+json", '{"type": "urn:dejavu:problem:overloaded"}', "Retry-After: 1")
    server = serve(once(busy, has()))
    asked = Team(Settings(url=server.url))
    stored: list[float] = []

    asked.put(image("new"), value(image("new")), lambda: stored.append(time.monotonic()))
    begin = time.monotonic()
    while not stored and time.monotonic() < begin + 10:
        time.sleep(0.05)

    assert stored
    assert stored[0] - begin >= 1


def test_off_is_for_a_while_and_one_lookup_tries_again(
    serve: Callable[..., Server], said: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OFF_SECONDS", 1.0)
    oops = answer("500 Oops", "text/plain", "oops")
    server = serve(oops)
    asked = Team(Settings(url=server.url))
    stored: list[bool] = []

    first = [ask(asked, image("there"))[0] for _ in range(3)]
    asked.put(image("new"), value(image("new")), lambda: stored.append(True))
    assert lookups(server) == 1
    time.sleep(1.1)
    again = [ask(asked, image("there"))[0] for _ in range(3)]
    assert (first, again, stored) == (["off"] * 3, ["off"] * 3, [])
    server.behave = has(image("there"))
    time.sleep(1.6)
    after = [ask(asked, image("there"))[0] for _ in range(3)]
    time.sleep(1)

    assert after == ["hit"] * 3
    assert stored == [True]  # the entry waited for the service
    assert len(said()) == 1
    assert "is off for 1 s: it answers 500" in said()[0]


@pytest.mark.parametrize("behave", [hang, drip_headers])
def test_failures_again_and_again_cost_one_second_in_all(
    serve: Callable[..., Server], said: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, behave: Behaviour
) -> None:
    monkeypatch.setattr(limits, "OFF_SECONDS", 0.2)
    monkeypatch.setattr(team, "_STUCK_SECONDS", -1.9)  # a thousandth of what is usual
    asked = Team(Settings(url=serve(behave).url))
    lost = 0.0

    for n in range(8):
        outcome, seconds = ask(asked, image(f"any-{n}"))
        assert outcome == "off"
        lost += seconds
        time.sleep(0.25)

    assert 0.5 < lost < 1.0 + NOISE
    assert sum("is off for" in line for line in said()) == 1


def test_nothing_starts_before_it_is_asked() -> None:
    program = (
        "import sys, threading\n"
        "import dejavu_flyte.connection, dejavu_flyte.service, dejavu_flyte.team\n"
        "from dejavu_flyte.settings import Settings\n"
        "made = dejavu_flyte.team.Team(Settings(url='http://192.0.2.1'))\n"
        "made.flush()\n"
        "print('httpx' in sys.modules, threading.active_count())\n"
    )

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    assert printed.stdout == "False 1\n"


def test_registry_check_costs_a_far_user_one_round_trip(serve: Callable[..., Server]) -> None:
    """The service is not allowed to ask this registry; that is said at once, and not asked again."""
    server, far = far_away(serve, MISS)
    asked = Team(Settings(url=far.url))
    asked.warm_up()
    time.sleep(4 * ROUND_TRIP + 1)
    assert ask(asked, image("absent"))[0] == "miss"

    begin = time.monotonic()
    assert asked.resolve(image("absent")) is None
    seconds = time.monotonic() - begin
    with pytest.raises(TeamOff):
        asked.resolve(image("another"))

    assert ROUND_TRIP <= seconds < 2 * ROUND_TRIP
    assert sum(r.startswith(b"POST") for r in server.requests) == 1
    assert far.connections == 1
    far.close()


@pytest.mark.parametrize(("checked", "bound"), [([], 1), ([2, 4, 5, 6], 3)], ids=["lookups", "registry checks"])
def test_all_that_a_run_can_lose(serve: Callable[..., Server], checked: list[int], bound: float) -> None:
    """As README.md says: so many seconds, and one more for entries at the end."""

    def slowly(s: socket.socket, request: bytes) -> None:
        time.sleep(0.2 if request.startswith(b"GET") else 60)
        MISS(s, request)

    asked = Team(Settings(url=serve(slowly).url))
    begin = time.monotonic()
    for n in range(8):
        ask(asked, image(f"absent-{n}"))
        if n in checked:
            with pytest.raises(TeamOff):
                asked.resolve(ImageKey(SCOPE, f"registry-{n}.example.com/app", "v1", ("linux/amd64",)))
    before_the_end = time.monotonic() - begin
    asked.put(image("absent"), value(image("absent")), lambda: None)
    asked.flush()

    assert bound - 0.8 < before_the_end < bound + NOISE
    assert time.monotonic() - begin < bound + 1 + NOISE


def test_registry_check_of_two_seconds_is_worth_it(serve: Callable[..., Server]) -> None:
    there = image("there")
    entry = {"hash": there.hash, "created_at": "now", "expires_at": "later", **value(there)}

    def resolving(s: socket.socket, request: bytes) -> None:
        if request.startswith(b"POST"):
            time.sleep(2)
            answer("200 OK", "application/json", json.dumps(entry))(s, request)
        else:
            MISS(s, request)

    asked = Team(Settings(url=serve(resolving).url))
    assert ask(asked, there)[0] == "miss"

    assert asked.resolve(there)
    assert asked.resolve(there)
    assert ask(asked, there)[0] == "miss"


def test_entry_arrives_after_the_server_closed_the_connection(
    serve: Callable[..., Server], said: Callable[[], list[str]]
) -> None:
    """As after a build of half an hour, at a server that closes idle connections without saying so."""

    def closing(s: socket.socket, request: bytes) -> None:
        has()(s, request)
        s.shutdown(socket.SHUT_RDWR)

    server = serve(closing)
    asked = Team(Settings(url=server.url))
    stored: list[bool] = []

    for n in range(3):
        assert ask(asked, image(f"new-{n}"))[0] == "miss"
        asked.put(image(f"new-{n}"), value(image(f"new-{n}")), lambda: stored.append(True))
        asked.flush()

    assert stored == [True] * 3
    assert not said()


def test_long_timeout_does_not_wait_for_a_connection(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(30))

    outcome, seconds = ask(Team(Settings(url="http://192.0.2.1", timeout=30)), image("any"))

    assert outcome == "off"
    assert seconds < 2 + NOISE
