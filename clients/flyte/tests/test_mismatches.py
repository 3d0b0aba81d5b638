"""A value that does not follow from its key is a miss, and reaches neither Flyte nor its local cache."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from conftest import BOTH, Machine, Service, exists
from servers import READ_ONLY, Behaviour, Server, answer, by_path, reads_and_writes

from dejavu_flyte.keys import ImageKey

Machines = Callable[..., Machine]

EVIL_IMAGE = {"image_uri": "ghcr.io/evil/app:v1"}
EVIL_BUNDLE = {"hash_digest": "0" * 32, "remote_path": "s3://evil/x.tar.gz"}
TIMES = {"created_at": "2030-01-01T00:00:00Z", "expires_at": "2030-02-01T00:00:00Z"}


def image_of(machine: Machine, name: str) -> ImageKey:
    return ImageKey(machine.scope, f"ghcr.io/acme/{name}", "v1", tuple(BOTH))


def ok(body: object) -> Behaviour:
    return answer("200 OK", "application/json", json.dumps(body))


def poisoned(s: socket.socket, request: bytes) -> None:
    """Have another value for each key that is asked for."""
    key = request.split(b" ")[1].rpartition(b"/")[2].decode()
    ok({"hash": key, "digest": key, **EVIL_IMAGE, **EVIL_BUNDLE, **TIMES})(s, request)


def lines(output: str) -> int:
    return " ".join(output.split()).count("The team cache has a value that is not used")


@pytest.fixture
def serve() -> Iterator[Callable[[Behaviour], Server]]:
    servers: list[Server] = []

    def start(behave: Behaviour) -> Server:
        servers.append(Server(behave))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_other_value_is_a_miss(machines: Machines, unique: str, serve: Callable[[Behaviour], Server]) -> None:
    machine = machines(url=serve(reads_and_writes(poisoned, READ_ONLY)).url)

    run = machine.run(exists(unique, tag="v1"), exists(unique, tag="v2"), {"do": "bundle"})

    assert (run.checks, run.uploads) == (2, 1)
    assert "evil" not in json.dumps([run.values, machine.rows("image_cache"), machine.rows("bundle_cache")])
    assert len(machine.rows("image_cache")) == 2
    assert run.occurrences("is off for") == 0
    assert lines(run.output) == 1
    assert "images: 0 hits, 2 misses" in machine.cli("status", DEJAVU_URL=serve(ok({})).url)


def test_other_value_of_a_remote_build_is_a_miss(
    machines: Machines, unique: str, serve: Callable[[Behaviour], Server]
) -> None:
    machine = machines(url=serve(reads_and_writes(poisoned, READ_ONLY)).url)

    run = machine.run(exists(unique, registry=None), builder="remote")

    assert run.backend == 1
    assert "evil" not in json.dumps([run.values, machine.rows("image_cache")])
    assert lines(run.output) == 1


def test_other_value_of_a_registry_check_is_a_miss(
    machines: Machines, unique: str, serve: Callable[[Behaviour], Server]
) -> None:
    machine = machines()
    miss = answer("404 Not Found", "application/problem+json", '{"type": "urn:dejavu:problem:miss"}')
    resolved = ok({"hash": image_of(machine, unique).hash, **EVIL_IMAGE, **TIMES})
    machine.url = serve(reads_and_writes(miss, READ_ONLY, resolved)).url

    run = machine.run(exists(unique, tag="v1"))

    assert (run.checks, run.values) == (1, [f"ghcr.io/acme/{unique}:v1"])
    assert machine.rows("image_cache")[0][1] == f"ghcr.io/acme/{unique}:v1"
    assert lines(run.output) == 1


def test_other_value_is_not_used_while_the_team_is_off(machines: Machines, unique: str, service: Service) -> None:
    """An older client may have kept it."""
    machine = machines()
    key = image_of(machine, unique)
    httpx.put(f"{service.url}/images/{key.hash}", json=key.parts() | {"image_uri": key.uri}).raise_for_status()
    machine.cli("pull", "-p", unique, "-d", "development")
    machine.set_local("image_cache", "image_uri", EVIL_IMAGE["image_uri"])

    run = machine.run(exists(unique, tag="v1"), DEJAVU_URL="http://127.0.0.1:9")

    assert (run.checks, run.values) == (1, [f"ghcr.io/acme/{unique}:v1"])


def test_pull_writes_no_other_value(machines: Machines, unique: str, serve: Callable[[Behaviour], Server]) -> None:
    machine = machines()
    key = image_of(machine, unique)
    other = image_of(machine, f"{unique}-2")
    entries: list[dict[str, Any]] = [
        {"hash": key.hash, **key.parts(), **EVIL_IMAGE},
        {"hash": key.hash, **other.parts(), "image_uri": other.uri},
        {"hash": key.hash, "image_uri": key.uri},
        {"hash": other.hash, **other.parts(), "image_uri": other.uri},
    ]
    images = ok({"entries": [entry | TIMES for entry in entries]})
    machine.url = serve(by_path({b"/images?": images, b"/bundles?": ok({"entries": []})})).url

    output = machine.cli("pull", "-p", unique, "-d", "development")

    assert [row[:2] for row in machine.rows("image_cache")] == [(other.hash, other.uri)]
    assert f"1 skipped: not what its key says: its key says {key.uri}" in output
    assert "2 skipped: without the parts of its key" in output


def test_pull_writes_no_overlay(machines: Machines, unique: str, serve: Callable[[Behaviour], Server]) -> None:
    machine = machines()
    key, other = image_of(machine, unique), image_of(machine, f"{unique}-2")
    entries = [
        {"hash": key.hash, **key.parts(), "image_uri": key.uri, "overlay": "pr-7"},
        {"hash": other.hash, **other.parts(), "image_uri": other.uri},
    ]
    images = ok({"entries": [entry | TIMES for entry in entries]})
    machine.url = serve(by_path({b"/images?": images, b"/bundles?": ok({"entries": []})})).url

    output = machine.cli("pull", "-p", unique, "-d", "development")

    assert [row[0] for row in machine.rows("image_cache")] == [other.hash]
    assert "1 skipped: of an overlay" in output


def test_pull_sums_up_many_reasons(machines: Machines, unique: str, serve: Callable[[Behaviour], Server]) -> None:
    machine = machines()
    keys = [image_of(machine, f"{unique}-{n}") for n in range(30)]
    images = ok({"entries": [{"hash": key.hash, **key.parts(), **EVIL_IMAGE, **TIMES} for key in keys]})
    machine.url = serve(by_path({b"/images?": images, b"/bundles?": ok({"entries": []})})).url

    output = machine.cli("pull", "-p", unique, "-d", "development")

    assert output.count("1 skipped: not what its key says") == 20
    assert "10 skipped for other reasons" in output


@pytest.mark.parametrize("evil", [EVIL_IMAGE["image_uri"], "evil.example.com/{}"])
def test_push_replaces_another_value(
    machines: Machines, unique: str, serve: Callable[[Behaviour], Server], evil: str
) -> None:
    laptop = machines()
    laptop.run(exists(unique, tag="v1"), DEJAVU_URL="")
    key = image_of(laptop, unique)
    stored = {"hash": key.hash, "image_uri": key.uri, **TIMES}
    lookups = ok({"entries": [stored | {"image_uri": evil.format(key.uri)}]})
    server = serve(reads_and_writes(READ_ONLY, ok(stored), lookups))
    laptop.url = server.url

    output = laptop.cli("push", "-p", unique, "-d", "development")

    assert "1 images shared with the team" in output
    (put,) = (json.loads(r[r.index(b"{") :]) for r in server.requests if r.startswith(b"PUT"))
    assert put["image_uri"] == key.uri


def test_push_sends_no_other_value(machines: Machines, unique: str, service: Service) -> None:
    laptop = machines()
    laptop.run({"do": "bundle"}, DEJAVU_URL="")
    laptop.set_local("bundle_cache", "hash_digest", "not an MD5")

    output = laptop.cli("push", "-p", unique, "-d", "development")

    assert "1 skipped: not what its key says: its hash_digest is not an MD5" in output
    assert "0 bundles shared with the team" in output


def test_push_skips_rows_whose_parts_are_unknown(machines: Machines, unique: str) -> None:
    laptop = machines()
    laptop.run(exists(unique, tag="v1"), DEJAVU_URL="")

    output = laptop.cli("push", "-p", f"{unique}-other", "-d", "development")

    assert "1 skipped: of unknown parts" in output


@pytest.mark.parametrize("to", ["https://store.example.com/{}/development", "s3://bucket/other"])
def test_upload_to_another_place_is_not_sent(machines: Machines, unique: str, service: Service, to: str) -> None:
    machine = machines(upload_to=to.format(unique))

    remote_path = machine.run({"do": "bundle"}).values[0][0]

    assert machine.run({"do": "bundle"}, DEJAVU_URL="").values[0][0] == remote_path  # Flyte keeps it
    assert service.entries("bundles", remote_path=remote_path) == []


def test_bundle_outside_the_named_paths_is_a_miss(machines: Machines, unique: str) -> None:
    first, inside, outside = machines(), machines(), machines()
    first.run({"do": "bundle"})

    assert inside.run({"do": "bundle"}, DEJAVU_BUNDLE_PATHS=f"s3://bucket/{unique}").uploads == 0
    assert outside.run({"do": "bundle"}, DEJAVU_BUNDLE_PATHS="s3://buck").uploads == 1


def test_explain_shows_another_value_and_does_not_call_it_a_hit(
    machines: Machines, unique: str, serve: Callable[[Behaviour], Server]
) -> None:
    output = machines(url=serve(poisoned).url).cli("explain", "-p", unique, f"ghcr.io/acme/{unique}:v1", status=1)

    assert f"which is not used: its key says ghcr.io/acme/{unique}:v1" in output
    assert "hit" not in output
