"""The service checks the registry for an image that the team cache does not have."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from conftest import REGISTRY, Machine, Service, exists
from servers import MISS, Server, answer, free_port, hang, reads_and_writes

Machines = Callable[..., Machine]

AMD64 = ["linux/amd64"]


@dataclass
class Registry:
    """A real Docker registry on loopback, and a service that is allowed to check it."""

    port: int
    service: Service

    @property
    def host(self) -> str:
        return f"{REGISTRY}:{self.port}"

    def push(self, name: str, tag: str) -> None:
        """Push an image for linux/amd64."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}/v2/{name}/") as client:
            config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}})
            digest = "sha256:" + hashlib.sha256(config.encode()).hexdigest()
            upload = client.post("blobs/uploads/").raise_for_status().headers["Location"]
            whole = {"digest": digest, **dict(httpx.URL(upload).params)}
            client.put(upload, params=whole, content=config).raise_for_status()
            kind = "application/vnd.oci.image.{}+json"
            part = {"mediaType": kind.format("config.v1"), "digest": digest, "size": len(config)}
            media_type = kind.format("manifest.v1")
            manifest = {"schemaVersion": 2, "mediaType": media_type, "config": part, "layers": []}
            put = client.put(f"manifests/{tag}", content=json.dumps(manifest), headers={"Content-Type": media_type})
            assert put.status_code == 201, put.text


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    program = shutil.which("docker-registry")
    if not program:
        message = "NOT TESTED against a real registry: apt-get install docker-registry"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    port = free_port()
    folder: Path = tmp_path_factory.mktemp("registry")
    config = folder / "config.yml"
    config.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log)
    host = f"{REGISTRY}:{port}"
    settings = f"--dejavu.registry.allowed={host}", f"--dejavu.registry.plain-http={host}"
    service = Service(tmp_path_factory.mktemp("asking"), *settings)
    wait_for(port)
    yield Registry(port, service)
    service.stop()
    process.terminate()
    process.wait(timeout=30)


def wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("The registry does not start")


def test_image_in_its_registry_needs_no_docker(machines: Machines, unique: str, registry: Registry) -> None:
    registry.push(unique, "v1")
    first = machines(url=registry.service.url, environment={"DEJAVU_TIMEOUT": "5"})  # its first answer
    step = exists(unique, AMD64, registry=registry.host, tag="v1")

    found = first.run(step, DOCKER_FAILS="yes")

    uri = f"{registry.host}/{unique}:v1"
    assert (found.values, found.checks) == ([uri], 0)
    (entry,) = registry.service.entries("images", image_uri=uri)
    assert (entry["verified_by"], entry["scope"], entry["platforms"]) == ("registry", first.scope, AMD64)
    assert first.run(step, DEJAVU_URL="").values == [uri]  # it is in the local cache
    second = machines(url=registry.service.url).run(step)
    assert (second.values, second.checks) == ([uri], 0)


def test_absent_image_is_built_without_another_check(machines: Machines, unique: str, registry: Registry) -> None:
    machine = machines(url=registry.service.url)

    run = machine.run(exists(unique, AMD64, registry=registry.host, tag="v1"))

    assert (run.values, run.checks) == ([None], 0)


def test_registry_check_counts_where_nothing_can_be_remembered(
    machines: Machines, unique: str, registry: Registry, service: Service
) -> None:
    registry.push(unique, "v1")
    machine = machines(url=registry.service.url)
    machine.cache.parent.mkdir(parents=True)
    with closing(sqlite3.connect(machine.cache.with_name("dejavu.db"), isolation_level=None)) as other:
        other.execute("begin exclusive")
        run = machine.run(exists(unique, AMD64, registry=registry.host, tag="v1"), DOCKER_FAILS="yes")

    assert (run.values, run.checks) == ([f"{registry.host}/{unique}:v1"], 0)
    assert machine.rows("image_cache") == []  # nothing would show that the row is the team's


def test_image_for_another_platform_is_absent(machines: Machines, unique: str, registry: Registry) -> None:
    registry.push(unique, "v1")
    machine = machines(url=registry.service.url)

    run = machine.run(exists(unique, ["linux/arm64"], registry=registry.host, tag="v1"))

    assert (run.values, run.checks) == ([None], 0)


def test_docker_checks_a_registry_that_is_not_allowed(machines: Machines, unique: str, registry: Registry) -> None:
    run = machines(url=registry.service.url).run(exists(unique))

    assert (run.values[0] is not None, run.checks) == (True, 1)
    assert run.occurrences("is off for") == 0


@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed"])
def test_older_service_gets_one_resolve_and_stays_on(machines: Machines, unique: str, status: str) -> None:
    unknown = answer(status, "application/problem+json", '{"type": "about:blank", "title": "No"}')
    refused = answer("422 Unprocessable", "application/problem+json", '{"type": "urn:dejavu:problem:not-shareable"}')
    server = Server(reads_and_writes(MISS, refused, unknown))
    try:
        run = machines(url=server.url).run(exists(unique, tag="v1"), exists(unique, tag="v2"))
    finally:
        server.close()

    assert run.checks == 2
    assert sum(b"POST /images/resolve" in r for r in server.requests) == 1
    assert sum(r.startswith(b"GET /images/") for r in server.requests) == 2


def test_slow_registry_costs_three_seconds_once(machines: Machines, unique: str) -> None:
    server = Server(reads_and_writes(MISS, hang, hang))
    try:
        run = machines(url=server.url).run(exists(unique, tag="v1"), exists(unique, tag="v2"))
    finally:
        server.close()

    assert run.checks == 2
    assert 3 <= run.seconds[0] < 5
    assert run.seconds[1] < 2
