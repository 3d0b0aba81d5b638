"""One takes the lease of an image, the others wait for it, and no failure keeps anybody from building."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from leasing import Leasing, drop, problem
from servers import Behaviour, Server, answer, cut, drip, flood, hang

from dejavu_flyte import lease, leases, turn
from dejavu_flyte.found import Found
from dejavu_flyte.keys import ImageKey
from dejavu_flyte.lease import Held, Lease, LeaseService
from dejavu_flyte.leases import Leases
from dejavu_flyte.renewal import Renewal
from dejavu_flyte.settings import Settings
from dejavu_flyte.turn import Outcome, Turn, Why

KEY = ImageKey("https://flyte.example.com:proj:development", "ghcr.io/acme/app", "v1", ("linux/amd64",))
ENTRY = {"image_uri": KEY.uri}
# The machine that runs the tests may be busy.
NOISE = 1.5
SOMEBODY = answer("202 Accepted", "application/json", '{"holder": "bob"}', "Retry-After: 0")


@pytest.fixture
def service() -> Iterator[Leasing]:
    made = Leasing()
    yield made
    made.server.close()


def opened(url: str) -> LeaseService:
    return LeaseService(Settings(url=url), turn.ANSWER_SECONDS)


def attempt(url: str, longest: float = 60, on_held: Callable[[Held], None] = lambda _: None) -> Turn:
    return Turn(lambda: opened(url), KEY, "bob@desk", longest, on_held)


def waited(url: str, longest: float = 60, then: Callable[[], object] | None = None) -> Outcome:
    """Take a turn; once it waits, do something."""
    timers: list[threading.Timer] = []

    def on_held(_: Held) -> None:
        if then and not timers:
            timers.append(threading.Timer(0.3, then))
            timers[0].start()

    return attempt(url, longest, on_held).take()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_first_gets_the_lease_at_once(service: Leasing) -> None:
    outcome = attempt(service.url).take()

    assert outcome == Outcome(Lease(KEY, "token-1", 10.0))
    (asked,) = service.leases()
    assert asked.startswith(f"POST /images/{KEY.hash}/lease HTTP".encode())
    assert b'"holder":"bob@desk"' in asked.replace(b": ", b":")
    assert KEY.parts().items() <= json.loads(asked[asked.index(b"{") :]).items()


def test_image_that_came_meanwhile_is_not_built(service: Leasing) -> None:
    service.put(KEY.hash, ENTRY)

    outcome = attempt(service.url).take()

    assert isinstance(outcome.got, Found)
    assert (outcome.got.value, outcome.held) == (ENTRY, None)


def test_who_waits_gets_the_image_of_another(service: Leasing) -> None:
    service.hold(KEY.hash, expected=40)
    seen: list[Held] = []
    threading.Timer(1.0, service.put, (KEY.hash, ENTRY)).start()

    outcome = attempt(service.url, on_held=seen.append).take()

    assert isinstance(outcome.got, Found)
    assert outcome.held
    assert (outcome.held.holder, len(seen)) == ("alice@laptop", 1)
    assert seen[0].expected == pytest.approx(40, abs=1)
    assert 0.5 < outcome.seconds < 1 + NOISE
    assert b"/lease?wait=25 " in service.leases()[1]


def test_who_waits_gets_the_lease_of_one_who_gave_up(service: Leasing) -> None:
    service.hold(KEY.hash)

    outcome = waited(service.url, then=lambda: service.end(KEY.hash))

    assert isinstance(outcome.got, Lease)
    assert outcome.held


def test_nobody_waits_longer_than_wanted(service: Leasing) -> None:
    service.hold(KEY.hash)

    outcome = attempt(service.url, longest=1).take()

    assert (outcome.got, outcome.why) == (None, Why.LONGEST)
    assert 1 <= outcome.seconds < 1 + NOISE


def test_interrupted_wait_ends_at_once_and_keeps_no_lease(service: Leasing) -> None:
    service.hold(KEY.hash)
    asking = attempt(service.url)
    threading.Timer(0.5, asking.stop).start()

    outcome = asking.take()
    service.end(KEY.hash)

    assert (outcome.got, outcome.why) == (None, Why.STOPPED)
    assert outcome.seconds < 0.5 + NOISE
    until(lambda: service.asked(f"DELETE /images/{KEY.hash}/lease/token-1"))
    assert service.held == {}


AWAY = {
    "404": problem("404 Not Found"),
    "405": problem("405 Method Not Allowed"),
    "403": problem("403 Forbidden"),
    "401": problem("401 Unauthorized"),
    "422": problem("422 Unprocessable"),
    "429": problem("429 Too Many Requests"),
    "500": problem("500 Broken"),
    "502": answer("502 Bad Gateway", "text/html", "<html>"),
    "503": problem("503 Unavailable"),
    "drop": drop,
    "cut": cut,
    "flood": flood,
    "no lease": answer("201 Created", "application/json", "{}"),
    "odd lease": answer("201 Created", "application/json", '{"lease": "a\\r\\nb"}'),
    "other entry": answer("200 OK", "application/json", '{"hash": "1"}'),
    "no json": answer("201 Created", "text/html", "<html>"),
    "a list": answer("202 Accepted", "application/json", "[]"),
    "redirect": answer("302 Found", "text/html", "", "Location: /"),
}


@pytest.mark.parametrize("behave", AWAY.values(), ids=AWAY)
def test_service_that_says_nothing_keeps_nobody_from_building(behave: Behaviour) -> None:
    server = Server(behave)
    begin = time.monotonic()

    outcome = attempt(server.url).take()

    server.close()
    assert (outcome.got, outcome.why, outcome.held) == (None, Why.UNANSWERED, None)
    assert time.monotonic() - begin < NOISE


@pytest.mark.parametrize("behave", [hang, drip])
def test_slow_service_costs_three_seconds(behave: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    assert turn._ASK_SECONDS == 3
    monkeypatch.setattr(turn, "_ASK_SECONDS", 0.6)
    server = Server(behave)
    held = Leases(60)
    asking = held.turn(KEY, lambda: opened(server.url), lambda _: None)
    assert asking
    begin = time.monotonic()

    outcome = asking.take()

    assert outcome.why is Why.UNANSWERED
    assert 0.5 < time.monotonic() - begin < 0.6 + NOISE
    assert held.keep(asking, outcome) is None
    assert held.turn(KEY, lambda: opened(server.url), lambda _: None) is None  # it is left alone for a while
    server.close()


@pytest.mark.parametrize("failure", [drop, cut, problem("503 Unavailable"), AWAY["502"], AWAY["no json"]])
def test_short_failure_ends_no_wait(service: Leasing, failure: Behaviour) -> None:
    service.hold(KEY.hash)
    service.says = [SOMEBODY, failure, failure]

    outcome = waited(service.url, then=lambda: service.put(KEY.hash, ENTRY))

    assert isinstance(outcome.got, Found)
    assert len(service.leases()) >= 3


def test_service_that_goes_away_is_waited_for_no_longer_than_it_restarts(service: Leasing) -> None:
    service.hold(KEY.hash)
    service.says = [SOMEBODY, *[drop] * 100]
    begin = time.monotonic()

    outcome = attempt(service.url).take()

    assert (outcome.got, outcome.why) == (None, Why.AWAY)
    assert outcome.held
    assert 1 < time.monotonic() - begin < 1.5 + NOISE
    assert len(service.leases()) < 10


def test_answers_that_come_too_soon_are_not_asked_for_all_the_time(service: Leasing) -> None:
    service.says = [SOMEBODY] * 1000

    outcome = attempt(service.url, longest=2).take()

    assert outcome.why is Why.LONGEST
    assert 3 <= len(service.leases()) <= 12


def test_holder_whose_text_is_odd() -> None:
    odd = json.dumps({"holder": ["x"], "since": "yesterday", "expected_at": 1})
    long = json.dumps(
        {"holder": f"a\n{'b' * 1000}", "since": "2026-01-01T00:00:00Z", "expected_at": "2025-01-01T00:00:00Z"}
    )
    for text, holder in ((odd, "somebody"), (long, f"a {'b' * 198}")):
        server = Server(answer("202 Accepted", "application/json", text))
        seen: list[Held] = []
        assert attempt(server.url, 1, seen.append).take().why is Why.LONGEST
        server.close()
        assert (seen[0].holder, seen[0].expected) == (holder, None)


def taken(service: Leasing) -> Renewal:
    asking = attempt(service.url)
    renewal = Leases(60).keep(asking, asking.take())
    assert renewal
    return renewal


def renewals(service: Leasing) -> int:
    return len(service.asked(f"POST /images/{KEY.hash}/lease/token-1/renew"))


def test_lease_is_renewed_until_the_build_ends(service: Leasing) -> None:
    service.ttl = 0.6
    renewal = taken(service)

    until(lambda: renewals(service) >= 3)
    renewal.stop()
    time.sleep(0.2)
    before = renewals(service)
    time.sleep(0.6)

    assert renewals(service) == before
    renewal.give_back(wait=5)
    assert service.asked(f"DELETE /images/{KEY.hash}/lease/token-1")


def test_lost_lease_is_renewed_no_more_and_not_given_back(service: Leasing) -> None:
    service.ttl = 0.6
    renewal = taken(service)
    service.hold(KEY.hash)

    until(lambda: renewals(service) == 1)
    renewal.give_back(wait=5)
    time.sleep(0.5)

    assert renewals(service) == 1
    assert not service.asked("DELETE")


def test_failed_renewal_is_tried_again(service: Leasing) -> None:
    service.ttl = 0.6
    service.renews = problem("503 Unavailable")
    renewal = taken(service)
    until(lambda: renewals(service) >= 2)
    service.renews = None

    count = renewals(service)
    until(lambda: renewals(service) > count + 1)
    renewal.done()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_child_keeps_no_lease_of_its_parent(service: Leasing) -> None:
    service.ttl = 1.5
    asking = attempt(service.url)
    held = Leases(60)
    renewal = held.keep(asking, asking.take())
    assert renewal

    child = os.fork()
    if child == 0:
        held._end()
        renewal.give_back()
        time.sleep(1.2)
        os._exit(0)
    renewal.stop()
    os.waitpid(child, 0)

    assert not service.asked("DELETE")
    assert renewals(service) == 0
    renewal.give_back(wait=5)
    assert service.asked("DELETE")


def test_who_never_waits_takes_no_lease() -> None:
    assert Leases(0).turn(KEY, lambda: opened("http://127.0.0.1:9"), lambda _: None) is None


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        (
            {
                "GITHUB_RUN_ID": "17",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "acme/app",
                "GITHUB_JOB": "deploy",
            },
            "deploy https://github.com/acme/app/actions/runs/17",
        ),
        (
            {"CI_JOB_URL": "https://gitlab.com/acme/-/jobs/1", "CI_JOB_NAME": "build"},
            "build https://gitlab.com/acme/-/jobs/1",
        ),
        ({"USER": "alice", "LOGNAME": "alice"}, "alice@desk"),
    ],
)
def test_holder_says_who_builds(monkeypatch: pytest.MonkeyPatch, env: dict[str, str], expected: str) -> None:
    for name in ("GITHUB_RUN_ID", "CI_JOB_URL", "BUILD_URL", "JOB_NAME", "CI_JOB_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(lease.socket, "gethostname", lambda: "desk")

    assert lease.holder() == expected


def test_end_of_the_process_gives_back_what_is_unfinished(service: Leasing) -> None:
    asking = attempt(service.url)
    held = Leases(60)
    held.keep(asking, asking.take())

    held._end()

    assert service.asked(f"DELETE /images/{KEY.hash}/lease/token-1")
    assert held.ended(KEY) is None
    assert leases._GIVE_BACK_SECONDS <= 1
