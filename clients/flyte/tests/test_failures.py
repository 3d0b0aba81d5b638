"""A failing team cache costs a run one line and at most a second, once; then Flyte works as without it."""

from __future__ import annotations

import gzip
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Machine, Service, exists
from servers import (
    MISS,
    READ_ONLY,
    Server,
    answer,
    cut,
    drip,
    drip_headers,
    flood,
    free_port,
    hang,
    reads_and_writes,
    self_signed,
    with_tls,
)

from dejavu_flyte import run

Machines = Callable[..., Machine]

# What a run may lose to lookups in all.
BOUND = 1.0
# A busy machine may add this to steps that take milliseconds.
NOISE = 0.8
# A second start of Python may take this much longer.
START_NOISE = 1.5

OTHER_ENTRY = {
    "hash": "0" * 64,
    "digest": "0" * 64,
    "image_uri": "ghcr.io/x/y:1",
    "hash_digest": "1",
    "remote_path": "s3://b",
}
PROBLEM = {"type": "urn:dejavu:problem:storage-unavailable", "title": "Storage unavailable", "detail": "Ask later"}

BOMB = gzip.compress(b"[" + b" " * 2**25)

BEHAVIOURS = {
    "hangs": (hang, "no answer within 0."),
    "drips the body": (drip, "no answer within 0."),
    "drips the headers": (drip_headers, "no answer within 0."),
    "html 200": (answer("200 OK", "text/html", "<html>Sign in"), "it answers 200 text/html, not as a Dejavu"),
    "html 404": (answer("404 Not Found", "text/html", "<html>Not here"), "it answers 404 text/html, not as a Dejavu"),
    "json 404": (answer("404 Not Found", "application/json", '{"status": 404}'), "not as a Dejavu"),
    "500": (answer("500 Internal Server Error", "text/plain", "oops"), "it answers 500"),
    "507": (answer("507 Full", "application/problem+json", json.dumps(PROBLEM)), "it answers 507: Ask later"),
    "401": (answer("401 Unauthorized", "application/problem+json", "{}"), "it asks for a DEJAVU_TOKEN"),
    "redirects": (answer("302 Found", "text/html", "", "Location: /login"), "it answers 302"),
    "no json": (answer("200 OK", "application/json", "{nonsense"), "it answers 200 application/json, not as a Dejavu"),
    "a list": (answer("200 OK", "application/json", "[]"), "not as a Dejavu"),
    "another entry": (answer("200 OK", "application/json", json.dumps(OTHER_ENTRY)), "not an entry of this key"),
    "cuts": (cut, "it cannot be reached"),
    "floods": (flood, "its answer is too large"),
    "large": (answer("200 OK", "application/json", "1" * 2**19), "its answer is too large"),
    "compressed": (answer("200 OK", "application/json", BOMB, "Content-Encoding: gzip"), "not as a Dejavu"),
    "deep": (answer("200 OK", "application/json", "[" * 200_000), "not as a Dejavu"),
    "no http": (lambda s, _: s.sendall(b"\x00\x01SSH-2.0\r\n\r\n"), "it cannot be reached"),
}


@pytest.fixture(params=BEHAVIOURS, ids=str)
def failing(request: pytest.FixtureRequest) -> Iterator[tuple[Server, str]]:
    behave, message = BEHAVIOURS[request.param]
    server = Server(behave)
    yield server, message
    server.close()


def check_that_flyte_goes_on(machine: Machine, unique: str, message: str, **env: str) -> None:
    run = machine.run(exists(unique), exists(f"{unique}-2"), {"do": "bundle"}, **env)

    assert (run.checks, run.uploads) == (2, 1)
    assert all(run.values)
    assert run.occurrences("The team cache") == 1, run.output
    assert run.occurrences("is off for 30 s: ") + run.occurrences("is off until it is connected: ") == 1
    assert run.occurrences(message), run.output
    assert sum(run.seconds) < BOUND + NOISE
    assert len(machine.rows("image_cache")) == 2
    assert len(machine.rows("bundle_cache")) == 1


def test_failing_service_is_never_in_the_way(machines: Machines, unique: str, failing: tuple[Server, str]) -> None:
    server, message = failing

    check_that_flyte_goes_on(machines(url=server.url), unique, message)

    assert server.connections <= 4  # to warm up and to ask; a late or lost answer gets another try


def test_stopped_service(machines: Machines, unique: str) -> None:
    check_that_flyte_goes_on(machines(url=f"http://127.0.0.1:{free_port()}"), unique, "Connection refused")


def test_connection_that_is_never_accepted(machines: Machines, unique: str) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(4):  # fill its queue
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(full.getsockname())
            waiting.append(s)

        check_that_flyte_goes_on(
            machines(url=f"http://127.0.0.1:{full.getsockname()[1]}"), unique, "no connection within 0.63 s"
        )
        for s in waiting:
            s.close()


def test_name_server_that_hangs(machines: Machines, unique: str, tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "sitecustomize.py").write_text(
        "import socket, time\n"
        "resolve = socket.getaddrinfo\n"
        "def hang(host, *args, **kwargs):\n"
        "    if 'slow' in str(host):\n"
        "        time.sleep(30)\n"
        "    return resolve(host, *args, **kwargs)\n"
        "socket.getaddrinfo = hang\n"
    )

    begin = time.monotonic()
    check_that_flyte_goes_on(
        machines(url="http://slow.example.com"), unique, "no connection within 0.63 s", PYTHONPATH=str(slow)
    )

    assert time.monotonic() - begin < 20


def test_name_that_does_not_exist(machines: Machines, unique: str) -> None:
    check_that_flyte_goes_on(machines(url="http://dejavu.invalid"), unique, "cannot be reached")


def test_timeout_is_paid_only_once(machines: Machines, unique: str) -> None:
    server = Server(hang)
    machine = machines(url=server.url)

    run = machine.run(*(exists(f"{unique}-{n}") for n in range(4)))

    assert run.seconds[0] >= 0.5
    assert sum(run.seconds[1:]) < 0.5
    server.close()


def test_end_of_a_run_waits_one_second_at_most(machines: Machines, unique: str) -> None:
    """The server answers the read, and hangs at the write that ends the run."""
    server = Server(reads_and_writes(MISS, hang))
    machine = machines(url=server.url, environment={"DEJAVU_TIMEOUT": "20"})
    without = machines(url=None).run(exists(unique)).wall

    run = machine.run(exists(unique))

    assert any(r.startswith(b"PUT") for r in server.requests)
    assert run.wall < without + BOUND + START_NOISE
    server.close()


def test_failing_write_turns_the_team_cache_off(machines: Machines, unique: str) -> None:
    server = Server(reads_and_writes(MISS, answer("500 Internal Server Error", "text/plain", "oops")))

    run = machines(url=server.url).run(exists(unique), {"do": "sleep", "seconds": 0.5}, exists(f"{unique}-2"))

    assert run.checks == 2
    assert run.occurrences("is off for 30 s: it answers 500") == 1
    assert sum(r.startswith((b"GET /images", b"GET /bundles")) for r in server.requests) == 1
    server.close()


def test_read_only_client_goes_on_reading(machines: Machines, unique: str) -> None:
    server = Server(reads_and_writes(MISS, READ_ONLY))

    run = machines(url=server.url).run(
        exists(unique), {"do": "sleep", "seconds": 0.5}, exists(f"{unique}-2"), {"do": "bundle"}
    )

    assert run.occurrences("The team cache") == 0
    assert sum(r.startswith((b"GET /images", b"GET /bundles")) for r in server.requests) == 3
    assert sum(r.startswith(b"PUT") for r in server.requests) == 1
    assert server.connections == 1
    server.close()


def test_token_is_sent_and_never_shown(machines: Machines, unique: str) -> None:
    server = Server(answer("401 Unauthorized", "application/problem+json", "{}"))

    run = machines(url=server.url).run(exists(unique), DEJAVU_TOKEN="djv_secret", LOG_LEVEL="debug")

    assert b"\r\nauthorization: bearer djv_secret\r\n" in server.requests[0].lower()
    assert run.occurrences("it does not accept DEJAVU_TOKEN") == 1
    assert "djv_secret" not in run.output
    server.close()


def test_password_in_the_url_is_used_and_never_shown(machines: Machines, unique: str) -> None:
    server = Server(answer("500 Oops", "text/plain", ""))

    run = machines(url=server.url.replace("//", "//me:secret@")).run(
        exists(unique), LOG_LEVEL="info", FLYTE_RESET_ROOT_LOGGER="1"
    )

    assert b"\r\nauthorization: basic bwu6c2vjcmv0\r\n" in server.requests[0].lower()
    assert "secret" not in run.output
    server.close()


def test_slow_service_gets_lookups_until_they_would_cost_a_second(machines: Machines, unique: str) -> None:
    def slow(s: socket.socket, request: bytes) -> None:
        time.sleep(0.3)
        MISS(s, request)

    server = Server(reads_and_writes(slow, READ_ONLY))

    run = machines(url=server.url).run(*(exists(f"{unique}-{n}") for n in range(8)), DEJAVU_TIMEOUT="5")

    assert run.checks == 8
    assert 1 <= sum(r.startswith((b"GET /images", b"GET /bundles")) for r in server.requests) <= 3
    assert run.occurrences("is slow and gets no more lookups in this run") == 1
    assert sum(run.seconds) < BOUND + 2 * NOISE  # eight checks of Flyte's own
    server.close()


def test_refused_entry_turns_nothing_off(machines: Machines, unique: str) -> None:
    refusal = '{"type": "urn:dejavu:problem:not-shareable", "detail": "no"}'
    server = Server(reads_and_writes(MISS, answer("422 No", "application/problem+json", refusal)))

    run = machines(url=server.url).run(exists(unique), {"do": "sleep", "seconds": 0.5}, exists(f"{unique}-2"))

    assert run.occurrences("The team cache") == 0
    assert sum(r.startswith((b"GET /images", b"GET /bundles")) for r in server.requests) == 2
    server.close()


def test_server_messages_are_not_parsed_as_markup(machines: Machines, unique: str) -> None:
    problem = json.dumps({**PROBLEM, "detail": "See [/docs] [bold]now"})
    server = Server(answer("500 Oops", "application/problem+json", problem))

    check_that_flyte_goes_on(machines(url=server.url), unique, "it answers 500: See [/docs] [bold]now.")

    server.close()


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_service_needs_a_valid_certificate(machines: Machines, unique: str, tmp_path: Path, scheme: str) -> None:
    certificate = self_signed(tmp_path)
    server = Server(reads_and_writes(MISS, READ_ONLY), with_tls(certificate))
    machine = machines(url=server.url.replace("http", scheme))

    check_that_flyte_goes_on(machine, unique, "CERTIFICATE_VERIFY_FAILED", DEJAVU_TOKEN="djv_secret")
    assert server.requests == []
    trusting = machine.run(exists(f"{unique}-3"), SSL_CERT_FILE=str(certificate))

    assert trusting.occurrences("The team cache") == 0, trusting.output
    assert len(server.requests) >= 1
    server.close()


def test_defect_in_the_client_does_not_fail_the_run() -> None:
    def fail() -> str:
        raise RuntimeError("a defect")

    assert run.unless_it_fails(fail, "as without us") == "as without us"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEJAVU_URL", "localhost:8080"),
        ("DEJAVU_URL", "ftp://example.com"),
        ("DEJAVU_URL", "http://example.com/?a=b"),
        ("DEJAVU_URL", "http://[::1"),
        ("DEJAVU_URL", "http://dejavu.example.com \u202e"),
        ("DEJAVU_TOKEN", "two words"),
        ("DEJAVU_TOKEN", "geheim\u00fc"),
        ("DEJAVU_TIMEOUT", "soon"),
        ("DEJAVU_TIMEOUT", "nan"),
        ("DEJAVU_TIMEOUT", "0"),
        ("DEJAVU_REMOTE_BUILDER", "perhaps"),
        ("DEJAVU_INSECURE", "perhaps"),
        ("DEJAVU_IMAGE_PREFIXES", "https://cr.example.com"),
        ("DEJAVU_IMAGE_PREFIXES", "cr.example.com/acme/"),
        ("DEJAVU_BUNDLE_PATHS", "my-bucket"),
        ("DEJAVU_BUNDLE_PATHS", "s3://my-bucket, /tmp"),
    ],
)
def test_invalid_setting_is_reported_in_one_line(machines: Machines, unique: str, name: str, value: str) -> None:
    run = machines().run(exists(unique), **{name: value})

    assert run.occurrences("The team cache") == 1
    assert run.occurrences(f"The team cache is not used: {name} must be") == 1
    assert run.checks == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("del flyte._internal.imagebuild.image_builder._read_image_cache", "there is no .*_read_image_cache"),
        ("flyte._code_bundle.bundle._read_bundle_cache = lambda digest, scope: None", "takes digest, scope"),
        ("del flyte._persistence._db.get_init_config", "there is no .*get_init_config"),
        (
            "flyte._internal.imagebuild.remote_builder.RemoteImageBuilder.get_checkers = lambda self, image: []",
            "get_checkers takes self, image",
        ),
    ],
)
def test_unsupported_flyte_is_not_wrapped(machines: Machines, unique: str, change: str, message: str) -> None:
    machine = machines()
    (machine.root / "changed.py").write_text(
        "import flyte._code_bundle.bundle, flyte._internal.imagebuild.remote_builder\n"
        f"{change}\n"
        "before = [flyte._code_bundle.bundle._write_bundle_cache,\n"
        "          flyte._internal.imagebuild.image_builder._write_image_cache]\n"
        "flyte.init()\n"
        "flyte.init()\n"
        "assert before == [flyte._code_bundle.bundle._write_bundle_cache,\n"
        "                  flyte._internal.imagebuild.image_builder._write_image_cache]\n"
    )
    process = subprocess.run(
        [sys.executable, "changed.py"], cwd=machine.root, env=machine.env(), capture_output=True, text=True, check=False
    )

    output = process.stdout + process.stderr
    assert process.returncode == 0, output
    printed = " ".join(output.split())  # a terminal wraps long lines
    assert printed.count("The team cache") == 1
    assert re.search(r"The team cache is not used: dejavu-flyte supports Flyte 2\.\d+\.\d+ to 2\.\d+\.\d+", printed)
    assert re.search(message, printed)


def test_restarted_service_is_reached_by_the_same_process(machines: Machines, unique: str, tmp_path: Path) -> None:
    """A build takes minutes, during which the service may be restarted."""
    home, restarted = tmp_path / "restarted", tmp_path / "done"
    service = Service(home)
    port = service.url.rpartition(":")[2]
    machine = machines(url=service.url, environment={"DEJAVU_TIMEOUT": "5"})

    def restart() -> None:
        nonlocal service
        while not service.entries("images"):
            time.sleep(0.1)
        service.stop()
        service = Service(home, f"--server.port={port}")
        restarted.touch()

    restarting = threading.Thread(target=restart)
    restarting.start()
    run = machine.run(exists(unique), {"do": "wait", "path": str(restarted)}, exists(f"{unique}-2"))
    restarting.join()

    assert run.occurrences("The team cache") == 0
    assert len(service.entries("images")) == 2
    service.stop()
