"""What own work cost goes with an entry, what asking cost is reported, and a run ends with one line about both."""

from __future__ import annotations

import atexit
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from conftest import Machine, Service, build, exists
from servers import MISS, Behaviour, Server, answer, hang, older
from test_sharing import names_no_registry

from dejavu_flyte.found import Found
from dejavu_flyte.keys import ImageKey
from dejavu_flyte.settings import Settings
from dejavu_flyte.team import Team
from dejavu_flyte.usage import Usage

Machines = Callable[..., Machine]

SCOPE = "https://flyte.example.com:proj:development"
# The machine that runs the tests may be busy.
PATIENT = {"DEJAVU_TIMEOUT": "10"}
DONE = answer("204 No Content", "application/json", "")


def image(name: str) -> ImageKey:
    return ImageKey(SCOPE, f"ghcr.io/acme/{name}", "v1", ("linux/amd64",))


def body(request: bytes) -> dict[str, Any]:
    return json.loads(request.partition(b"{")[1] + request.partition(b"{")[2])


class Recording:
    """A service that stores what it gets, knows the usage that it is told, and checks registries if it is to."""

    def __init__(self, usage: Behaviour = DONE, resolve: Behaviour = older, **cost: Any) -> None:
        self.usage, self.resolve, self.cost = usage, resolve, cost
        self.stored: dict[str, dict[str, Any]] = {}
        self.server = Server(self.behave)
        self.url = self.server.url

    def behave(self, s: socket.socket, request: bytes) -> None:
        method, path = request.split(b" ")[:2]
        key = path.decode().rpartition("/")[2]
        if path.endswith(b"/usage"):
            self.usage(s, request)
        elif method == b"PUT":
            id_ = "hash" if path.startswith(b"/images") else "digest"
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self.stored[key] = {id_: key, "created_at": now, "expires_at": "later", **body(request)}
            answer("201 Created", "application/json", json.dumps(self.stored[key]))(s, request)
        elif method == b"POST":
            self.resolve(s, request)
        elif entry := self.stored.get(key):
            answer("200 OK", "application/json", json.dumps(entry))(s, request)
        else:
            MISS(s, request)

    @property
    def costs(self) -> list[dict[str, Any] | None]:
        return [entry.get("cost") for entry in self.stored.values()]

    def reported(self) -> list[dict[str, Any]]:
        sent = [body(r) for r in self.server.requests if r.startswith(b"POST /usage")]
        return [report for each in sent for report in each["reports"]]


@pytest.fixture
def recording() -> Iterator[Callable[..., Recording]]:
    made: list[Recording] = []

    def make(*args: Any, **kwargs: Any) -> Recording:
        made.append(Recording(*args, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.server.close()


def test_cost_of_an_image_is_the_time_of_the_own_check(
    machines: Machines, unique: str, recording: Callable[..., Recording]
) -> None:
    def cannot_tell(s: socket.socket, request: bytes) -> None:
        time.sleep(1)
        MISS(s, request)

    service = recording(resolve=cannot_tell)

    run = machines(url=service.url).run(exists(unique), DOCKER_SECONDS="0.5", **PATIENT)

    (cost,) = service.costs
    assert run.checks == 1
    assert cost
    assert 0.5 <= cost["seconds"] <= run.seconds[0] - 1  # not the time that the service took


def test_cost_of_a_built_image_is_that_of_the_check_before(
    machines: Machines, unique: str, recording: Callable[..., Recording]
) -> None:
    service = recording()

    run = machines(url=service.url).run(build(f"absent-{unique}"), DOCKER_SECONDS="0.5", **PATIENT)

    (cost,) = service.costs
    assert (run.checks, run.builds) == (1, 1)
    assert cost
    assert 0.5 <= cost["seconds"] < run.seconds[0]


def test_image_that_is_built_unchecked_has_no_cost(
    machines: Machines, unique: str, recording: Callable[..., Recording]
) -> None:
    absent = answer("404 Not Found", "application/problem+json", '{"type": "urn:dejavu:problem:absent"}')
    service = recording(resolve=absent)
    machine = machines(url=service.url)

    run = machine.run(build(f"absent-{unique}"), build(f"absent-{unique}-2", force=True), **PATIENT)

    assert (run.checks, run.builds, len(service.stored)) == (0, 2, 2)
    assert service.costs == [None, None]


@names_no_registry
def test_cost_of_a_remote_image_is_the_time_of_the_backend(
    machines: Machines, unique: str, recording: Callable[..., Recording]
) -> None:
    service = recording()

    run = machines(url=service.url).run(exists(unique, registry=None), builder="remote", **PATIENT)

    (cost,) = service.costs
    assert run.backend == 1
    assert cost
    assert 0 <= cost["seconds"] < run.seconds[0]


def test_cost_of_a_bundle_is_that_of_archive_and_upload(
    machines: Machines, recording: Callable[..., Recording]
) -> None:
    service = recording()
    machine = machines(url=service.url)
    (machine.root / "data.py").write_text("".join(f"x{n} = {n * n}\n" for n in range(10_000)))

    run = machine.run({"do": "bundle"}, UPLOAD_SECONDS="0.5", **PATIENT)

    (cost,) = service.costs
    assert run.uploads == 1
    assert cost
    assert 0.5 <= cost["seconds"] < run.seconds[0]
    assert 10_000 < cost["bytes"] < (machine.root / "data.py").stat().st_size


def test_run_reports_what_asking_cost_and_ends_with_a_line(
    machines: Machines, unique: str, recording: Callable[..., Recording]
) -> None:
    service = recording()
    steps = (exists(unique), {"do": "bundle"})
    first = machines(url=service.url).run(*steps, DOCKER_SECONDS="0.5", UPLOAD_SECONDS="0.5", **PATIENT)
    service.server.requests.clear()

    machine = machines(url=service.url)
    run = machine.run(*steps, exists(f"{unique}-2"), **PATIENT)

    assert re.fullmatch(r"Team cache: asked 2 in \S+ s, hits 0", first.line), first.line
    found = re.fullmatch(r"Team cache: asked 3 in (\S+) s, hits 2, saved (\S+) s", run.line)
    assert found, run.line
    assert 1 <= float(found[2]) < sum(first.seconds)
    images, bundles = sorted(service.reported(), key=lambda r: r["cache"], reverse=True)
    assert (images["asked"], images["hits"]) == (2, 1)
    assert (bundles["asked"], bundles["hits"]) == (1, 1)
    assert {r["scope"] for r in (images, bundles)} == {machine.scope}
    assert all(r["client"].startswith("dejavu-flyte/") for r in (images, bundles))
    assert 0 < images["seconds"] + bundles["seconds"] < run.wall


def saved(service: Service, scope: str) -> dict[str, Any] | None:
    rows = httpx.get(f"{service.url}/savings", params={"by": "scope"}).raise_for_status().json()["rows"]
    return next((row for row in rows if row.get("key") == scope), None)


def ledger_of(service: Service, scope: str, reported_asked: int) -> dict[str, Any]:
    for _ in range(60):  # the service sums every few seconds
        ledger = saved(service, scope)
        if ledger and ledger["reported_asked"] == reported_asked:
            return ledger
        time.sleep(0.5)
    raise AssertionError(ledger)


def test_ledger_of_the_real_service_has_what_runs_tell(machines: Machines, unique: str, service: Service) -> None:
    steps = (exists(unique), {"do": "bundle"}, {"do": "sleep", "seconds": 3})
    first = machines().run(*steps, DOCKER_SECONDS="0.5", UPLOAD_SECONDS="0.5", **PATIENT)
    machine = machines()
    runs = [machine.run(*steps, **PATIENT), machines().run(*steps, **PATIENT)]

    ledger = ledger_of(service, machine.scope, reported_asked=6)

    assert re.fullmatch(r"Team cache: asked 2 in \S+ s, hits 0", first.line), first.line
    lines = [re.fullmatch(r"Team cache: asked 2 in (\S+) s, hits 2, saved (\S+) s", run.line) for run in runs]
    assert all(lines), [run.line for run in runs]
    assert (ledger["hits"], ledger["reported_hits"], ledger["unpriced_hits"]) == (4, 4, 0)
    assert ledger["saved_seconds"] == pytest.approx(sum(float(line[2]) for line in lines if line), abs=0.2)
    assert ledger["estimated_seconds"] == 0
    assert ledger["saved_bytes"] > 0
    assert 0 < ledger["spent_seconds"] < sum(run.wall for run in (first, *runs))


def test_row_that_the_team_confirms_saves_nothing(
    machines: Machines, unique: str, recording: Callable[..., Recording]
) -> None:
    service = recording()
    machines(url=service.url).run(exists(unique), DOCKER_SECONDS="0.5", **PATIENT)
    machine = machines(url=service.url)
    machine.run(exists(unique), **PATIENT)

    run = machine.run(exists(unique), **PATIENT)

    assert run.line.endswith("hits 1, 1 of them confirmed, saved 0.0 s")
    assert [(r["asked"], r["hits"], r["confirmed"]) for r in service.reported()][-1] == (1, 1, 1)


def test_row_that_the_team_confirms_saves_nothing_in_the_ledger(
    machines: Machines, unique: str, service: Service
) -> None:
    steps = (exists(unique), {"do": "bundle"})
    machines().run(*steps, DOCKER_SECONDS="0.5", UPLOAD_SECONDS="0.5", **PATIENT)
    machine = machines()
    first, second = machine.run(*steps, **PATIENT), machine.run(*steps, **PATIENT)

    ledger = ledger_of(service, machine.scope, reported_asked=6)

    assert re.search(r"hits 2, saved \S+ s$", first.line), first.line
    assert second.line.endswith("hits 2, 2 of them confirmed, saved 0.0 s")
    assert (ledger["hits"], ledger["confirmed"], ledger["reported_confirmed"]) == (4, 2, 2)
    assert ledger["saved_seconds"] == pytest.approx(float(first.line.split(" ")[-2]), abs=0.1)


def test_run_that_asks_nothing_says_and_reports_nothing(
    machines: Machines, unique: str, recording: Callable[..., Recording]
) -> None:
    service = recording()
    machine = machines(url=service.url)
    machine.run(exists(unique), **PATIENT)
    service.server.requests.clear()

    run = machine.run(exists(unique), **PATIENT)  # its own row

    assert run.line == ""
    assert service.reported() == []


def test_line_says_why_the_cache_was_off(machines: Machines, unique: str) -> None:
    broken = Server(answer("500 Broken", "text/plain", ""))

    run = machines(url=broken.url).run(exists(unique), {"do": "bundle"}, **PATIENT)

    assert re.fullmatch(r"Team cache: .*off: it answers 500 text/plain, not as a Dejavu service does", run.line)
    assert not any(r.startswith(b"POST /usage") for r in broken.requests)
    broken.close()


def end(s: socket.socket, _: bytes) -> None:
    s.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("away", "reason"),
    [(end, r"it cannot be reached: .*"), (hang, r"sending entries took more than 1 s")],
    ids=["ends", "hangs"],
)
def test_line_says_why_nothing_was_sent_at_the_end(
    machines: Machines, unique: str, recording: Callable[..., Recording], away: Behaviour, reason: str
) -> None:
    service = recording(usage=away)
    answers = service.server.behave
    service.server.behave = lambda s, request: (away if request.startswith(b"PUT") else answers)(s, request)

    run = machines(url=service.url).run(exists(unique), **PATIENT)

    assert re.fullmatch(rf"Team cache: asked 1 in \S+ s, hits 0, off: {reason}", run.line), run.line


@pytest.mark.parametrize("away", [end, hang])
def test_line_of_a_run_whose_report_nobody_takes_says_what_it_saved(
    machines: Machines, unique: str, recording: Callable[..., Recording], away: Behaviour
) -> None:
    service = recording(usage=away)
    machines(url=service.url).run(exists(unique), DOCKER_SECONDS="0.5", **PATIENT)

    run = machines(url=service.url).run(exists(unique), **PATIENT)

    assert re.fullmatch(r"Team cache: asked 1 in \S+ s, hits 1, saved \S+ s", run.line), run.line


def test_line_says_why_a_service_that_nobody_reaches_was_off(machines: Machines, unique: str) -> None:
    run = machines(url="http://127.0.0.1:9").run(exists(unique), exists(f"{unique}-2"), **PATIENT)

    assert re.fullmatch(r"Team cache: asked 1 in \S+ s, hits 0, off: it cannot be reached: .*", run.line), run.line


@pytest.mark.parametrize("quiet", [{"DEJAVU_SUMMARY": "off"}, {"LOG_LEVEL": "error"}], ids=lambda q: next(iter(q)))
def test_line_can_be_left_out(machines: Machines, unique: str, quiet: dict[str, str]) -> None:
    run = machines().run(exists(unique), **quiet, **PATIENT)

    assert run.line == ""


@pytest.mark.parametrize("usage", [older, MISS, hang, answer("503 No", "text/plain", "")])
def test_service_that_wants_no_report_costs_a_moment(recording: Callable[..., Recording], usage: Behaviour) -> None:
    service = recording(usage=usage)
    asked = Team(Settings(url=service.url, timeout=10))
    assert asked.find(image("any")) is None

    begin = time.monotonic()
    asked._end()
    atexit.unregister(asked._end)

    assert time.monotonic() - begin < 0.3 + 0.4  # the machine may be busy
    assert asked._outage.until is None
    assert len(service.reported()) == 1


def test_reports_are_few() -> None:
    usage = Usage()
    for n in range(50):
        key = ImageKey(f"https://flyte.example.com:p{n}:development", "ghcr.io/acme/a", "v1", ("linux/amd64",))
        for _ in range(n + 1):
            usage.asked(key, 0.1)

    reports = usage._reports()

    assert [report["asked"] for report in reports] == list(range(50, 30, -1))
    assert reports[0]["seconds"] == 5.0


def test_registry_check_whose_lookup_was_left_out_is_no_report_of_seconds_alone() -> None:
    usage = Usage()
    usage.wanted()
    usage.waited(image("a"), 1.5)

    (report,) = usage._reports()

    assert (report["asked"], report["seconds"]) == (1, 1.5)  # the service refuses seconds of nothing
    assert usage.line(None) == "Team cache: asked 1 in 1.50 s, hits 0"


def test_line_claims_no_more_than_is_known() -> None:
    usage = Usage()
    usage.wanted()
    usage.asked(image("a"), 0.05)
    usage.hit(image("a"), None)
    assert usage.line(None) == "Team cache: asked 1 in 0.05 s, hits 1"

    usage.asked(image("b"), 0.05)
    usage.hit(image("b"), 4.25)
    assert usage.line(None) == "Team cache: asked 2 in 0.10 s, hits 2, saved at least 4.2 s"


@pytest.mark.parametrize(
    "cost", [None, 4, {}, {"seconds": "4"}, {"seconds": -1}, {"seconds": 1e300}, {"seconds": True}]
)
def test_cost_that_cannot_be_is_unknown(cost: object) -> None:
    entry = {"image_uri": "ghcr.io/a/b:v1", "created_at": "2026-01-01T00:00:00Z", "cost": cost}

    assert Found.of(ImageKey, entry, 0.0).cost is None


def test_counts_of_threads_are_all_there() -> None:
    usage = Usage()
    threads = [threading.Thread(target=lambda: [usage.asked(image("a"), 0) for _ in range(2000)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert usage._reports()[0]["asked"] == 16000
