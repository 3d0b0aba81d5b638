"""What a service says controls no terminal: it is escaped wherever it is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from conftest import Machine, exists
from servers import MISS, READ_ONLY, Server, answer, by_path, reads_and_writes

from dejavu_flyte.log import printable

Machines = Callable[..., Machine]

# A window title, a color, the same with a C1 introducer, a reversed text, a return to the start of the line.
EVIL = "\x1b]0;owned\x07 \x1b[31mred \x9b31m \u202etxt.exe \u2066x\u2069 back\rover"
ESCAPED = r"\x1b]0;owned\x07 \x1b[31mred \x9b31m \u202etxt.exe \u2066x\u2069"
PROBLEM = json.dumps({"type": "urn:dejavu:problem:storage-unavailable", "detail": EVIL})
BROKEN = answer("500 Broken", "application/problem+json", PROBLEM)


@pytest.fixture
def saying() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*args: object) -> Server:
        servers.append(Server(*args))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def check_that_it_is_escaped(output: str, text: str = ESCAPED) -> None:
    printed = " ".join(output.split())
    assert text in printed, printed
    assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", output) == []


@pytest.mark.parametrize(
    "character", ["\x1b", "\x07", "\r", "\n", "\x7f", "\x9b", "\u202e", "\u2066", "\u200b", "\ud800"]
)
def test_control_characters_are_not_printable(character: str) -> None:
    assert printable(f"a{character}b").startswith("a\\")
    assert printable(f"a{character}b").isprintable()


def test_readable_text_stays_as_it_is() -> None:
    assert printable("s3://bücket/日本 [bold]") == "s3://bücket/日本 [bold]"


def test_error_in_the_log(machines: Machines, unique: str, saying: Callable[..., Server]) -> None:
    run = machines(url=saying(BROKEN).url).run(exists(unique))

    check_that_it_is_escaped(run.output)


def test_media_type_in_the_log(machines: Machines, unique: str, saying: Callable[..., Server]) -> None:
    run = machines(url=saying(answer("200 OK", "text/\x9b31m", "")).url).run(exists(unique))

    check_that_it_is_escaped(run.output, r"it answers 200 text/\x9b31m, not as")


def test_refusal_in_the_log(machines: Machines, unique: str, saying: Callable[..., Server]) -> None:
    problem = json.dumps({"type": "urn:dejavu:problem:too-long", "detail": EVIL})
    refusing = reads_and_writes(MISS, answer("422 Unprocessable", "application/problem+json", problem))

    run = machines(url=saying(refusing).url).run(exists(unique), LOG_LEVEL="info", FLYTE_RESET_ROOT_LOGGER="1")

    check_that_it_is_escaped(run.output)


@pytest.mark.parametrize("command", [["status"], ["pull"], ["explain", "ghcr.io/a/b:v1"]], ids=lambda c: c[0])
def test_error_of_a_command(machines: Machines, saying: Callable[..., Server], command: list[str]) -> None:
    check_that_it_is_escaped(machines(url=saying(BROKEN).url).cli(*command, status=1))


def test_version_and_statistics(machines: Machines, saying: Callable[..., Server]) -> None:
    info = answer("200 OK", "application/json", json.dumps({"build": {"version": EVIL}}))
    stats = answer("200 OK", "application/json", json.dumps({f"name {EVIL}": {"entries": f"count {EVIL} [bold]"}}))

    me = answer("200 OK", "application/json", json.dumps({"name": f"me {EVIL}", "role": "read"}))
    server = saying(by_path({b"/actuator": info, b"/stats": stats, b"/identity": me}))
    output = machines(url=server.url).cli("status")

    check_that_it_is_escaped(output, f"me {ESCAPED}")
    check_that_it_is_escaped(output, f"Dejavu {ESCAPED}")
    check_that_it_is_escaped(output, f"name {ESCAPED}")
    check_that_it_is_escaped(output, f"count {ESCAPED}")
    assert "[bold]" in output


def test_parts_of_other_entries(machines: Machines, saying: Callable[..., Server]) -> None:
    entry = {"hash": "0" * 64, "image_uri": "ghcr.io/a/b:v1", "created_at": "x", "expires_at": "x"}
    page = json.dumps({"entries": [{**entry, "scope": EVIL, "platforms": [f"of {EVIL}", 1]}]})
    listing = by_path({b"/images?": answer("200 OK", "application/json", page), b"/images/": MISS})

    output = machines(url=saying(listing).url).cli("explain", "ghcr.io/a/b:v1", status=1)

    check_that_it_is_escaped(output, f"scope {ESCAPED}")
    check_that_it_is_escaped(output, f"of {ESCAPED}")


def test_reason_of_a_skipped_row(machines: Machines, unique: str, saying: Callable[..., Server]) -> None:
    problem = json.dumps({"type": "urn:dejavu:problem:too-long", "detail": EVIL})
    refusal = answer("422 Unprocessable", "application/problem+json", problem)
    nothing = answer("200 OK", "application/json", '{"entries": []}')
    laptop = machines(url=saying(reads_and_writes(READ_ONLY, refusal, nothing)).url)
    laptop.run(exists(unique), DEJAVU_URL="")

    check_that_it_is_escaped(laptop.cli("push", "-p", unique, "-d", "development"), f"1 skipped: refused: {ESCAPED}")


def test_reason_of_a_miss(machines: Machines, saying: Callable[..., Server]) -> None:
    told = {"outcome": "unknown", "cause": EVIL, "text": EVIL}
    explained = answer("200 OK", "application/json", json.dumps(told))

    server = saying(by_path({b"/images/explain": explained, b"/images/": MISS}))

    check_that_it_is_escaped(machines(url=server.url).cli("explain", "ghcr.io/a/b:v1", status=1))
