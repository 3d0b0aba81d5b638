"""Machines of a team do not repeat each other's work."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import flyte
import httpx
import pytest
from conftest import BOTH, BUILDER, Machine, Service, build, exists

from dejavu_flyte.keys import BundleKey, ImageKey

Machines = Callable[..., Machine]

# Older versions put this registry before a name without one, and the remote builder takes it away again.
names_no_registry = pytest.mark.skipif(
    flyte.Image.from_debian_base(name="any").registry is not None, reason="the key names ghcr.io/flyteorg"
)


def test_second_machine_does_no_work(machines: Machines, unique: str, service: Service) -> None:
    first = machines()

    worked = first.run(exists(unique), {"do": "bundle"}, DOCKER_SECONDS="4")
    others = [machines().run(exists(unique), {"do": "bundle"}, DOCKER_SECONDS="4") for _ in range(5)]

    assert (worked.checks, worked.uploads) == (1, 1)
    assert all((other.checks, other.uploads) == (0, 0) for other in others)
    assert all(other.values == worked.values for other in others)
    assert worked.seconds[0] > 4
    shared = min(other.seconds[0] for other in others)
    assert shared < 1  # some milliseconds, but the machine that runs the tests may be busy
    print(f"\nimage check: first machine {worked.seconds[0]:.3f} s, others {shared:.3f} s")
    (image,) = service.entries("images", image_uri=worked.values[0])
    assert image["scope"] == first.scope
    assert image["platforms"] == BOTH
    (bundle,) = service.entries("bundles", remote_path=worked.values[1][0])
    assert bundle["files_digest"] in bundle["remote_path"]


def test_team_hit_is_written_into_the_local_cache(machines: Machines, unique: str) -> None:
    first, second = machines(), machines()
    worked = first.run(exists(unique), {"do": "bundle"})

    second.run(exists(unique), {"do": "bundle"})
    alone = second.run(exists(unique), {"do": "bundle"}, DEJAVU_URL="")

    assert (alone.checks, alone.uploads) == (0, 0)
    assert alone.values == worked.values


def test_own_local_row_needs_no_lookup(machines: Machines, unique: str, service: Service) -> None:
    machine = machines()
    uri = machine.run(exists(unique)).values[0]
    service.delete("images", service.entries("images", image_uri=uri)[0]["hash"])

    again = machine.run(exists(unique))

    assert (again.values, again.checks) == ([uri], 0)
    assert service.entries("images", image_uri=uri) == []


def test_expired_local_row_is_looked_up_in_the_team_cache(machines: Machines, unique: str) -> None:
    machine = machines()
    worked = machine.run(exists(unique), {"do": "bundle"})
    machine.age(2 * 86400)

    again = machine.run(exists(unique), {"do": "bundle"})

    assert (again.checks, again.uploads, again.values) == (0, 0, worked.values)


def test_deleted_entry_is_a_miss_in_a_new_process(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(), machines()
    uri, (remote_path, _) = first.run(exists(unique), {"do": "bundle"}).values
    second.run(exists(unique), {"do": "bundle"})
    service.delete("images", service.entries("images", image_uri=uri)[0]["hash"])
    service.delete("bundles", service.entries("bundles", remote_path=remote_path)[0]["digest"])

    after = second.run(exists(unique), {"do": "bundle"})

    assert (after.checks, after.uploads) == (1, 1)
    assert len(service.entries("images", image_uri=uri)) == 1


def test_deleted_entry_is_removed_from_the_local_cache(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(), machines()
    uri = first.run(exists(unique)).values[0]
    second.run(exists(unique))
    service.delete("images", service.entries("images", image_uri=uri)[0]["hash"])

    second.run(exists(unique), DOCKER_FAILS="yes")  # so that its own check fails

    assert second.rows("image_cache") == []


def test_rebuilt_image_is_no_longer_borrowed(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(), machines()
    uri = first.run(exists(unique)).values[0]
    second.run(exists(unique))
    second.run(build(unique, force=True))
    service.delete("images", service.entries("images", image_uri=uri)[0]["hash"])

    assert second.run(exists(unique)).checks == 0


def test_deleted_entry_is_a_miss_while_the_local_cache_is_locked(
    machines: Machines, unique: str, service: Service
) -> None:
    first, second = machines(), machines()
    uri = first.run(exists(unique, tag="v1")).values[0]
    second.run(exists(unique, tag="v1"))
    service.delete("images", service.entries("images", image_uri=uri)[0]["hash"])
    with contextlib.closing(sqlite3.connect(second.cache)) as locking:
        locking.execute("begin immediate")

        run = second.run({"do": "read", "name": unique})

    assert run.values == [None]
    assert run.seconds[0] < 2


def test_image_that_only_one_machine_can_reach_is_a_miss(machines: Machines, unique: str, tmp_path: Path) -> None:
    lenient = Service(tmp_path / "lenient", "--dejavu.accept-local=true")
    try:
        machine = machines(url=lenient.url)
        key = ImageKey(machine.scope, f"ghcr.io/acme/{unique}", "v1", tuple(BOTH)).hash
        httpx.put(f"{lenient.url}/images/{key}", json={"image_uri": "localhost:5000/app:v1"}).raise_for_status()

        run = machine.run(exists(unique, tag="v1"))

        assert (run.checks, run.values) == (1, [f"ghcr.io/acme/{unique}:v1"])
    finally:
        lenient.stop()


def test_second_install_wraps_nothing_twice(machines: Machines, unique: str) -> None:
    machine = machines()

    machine.run({"do": "install"}, exists(unique))

    assert "images: 0 hits, 1 misses" in machine.cli("status")


def test_forked_child_has_its_own_connection(machines: Machines, unique: str) -> None:
    steps = [exists(unique), *({"do": "fork", "name": f"{unique}-{n}"} for n in range(20))]

    assert machines().run(*steps).values[1:] == [0] * 20


def test_team_hit_does_not_make_the_entry_younger(machines: Machines, unique: str, service: Service) -> None:
    first, second, third = machines(), machines(), machines()
    uri = first.run(exists(unique)).values[0]
    before = service.entries("images", image_uri=uri)

    second.run(exists(unique))
    third.run(exists(unique), builder="remote")

    assert service.entries("images", image_uri=uri) == before


def test_expired_entry_is_a_miss(machines: Machines, unique: str, tmp_path: Path) -> None:
    short = Service(tmp_path / "short", "--dejavu.image.ttl=1s", "--dejavu.bundle.ttl=1s")
    try:
        first, second = machines(url=short.url), machines(url=short.url)
        first.run(exists(unique), {"do": "bundle"}, {"do": "sleep", "seconds": 1.5})

        after = second.run(exists(unique), {"do": "bundle"})

        assert (after.checks, after.uploads) == (1, 1)
    finally:
        short.stop()


@pytest.mark.parametrize("other", [["linux/amd64"], ["linux/arm64"]])
def test_wrong_platform_is_a_miss(machines: Machines, unique: str, other: list[str]) -> None:
    first, second = machines(), machines()
    first.run(exists(unique, tag="v1"))

    assert second.run(exists(unique, other, tag="v1")).checks == 1


def test_order_of_platforms_does_not_matter(machines: Machines, unique: str) -> None:
    first, second = machines(), machines()
    first.run(exists(unique, BOTH, tag="v1"))

    assert second.run(exists(unique, BOTH[::-1], tag="v1")).checks == 0


def test_other_project_is_a_miss(machines: Machines, unique: str) -> None:
    first, second = machines(), machines(project=unique + "-2")
    first.run(exists(unique), {"do": "bundle"})

    other = second.run(exists(unique), {"do": "bundle"})

    assert (other.checks, other.uploads) == (1, 1)


def test_bundle_of_relative_paths_is_shared(machines: Machines) -> None:
    first, second = machines(), machines()
    step = {"do": "relative", "paths": ["main.py"]}

    assert first.run(step).uploads == 1
    assert second.run(step).uploads == 0


def test_bundle_of_other_code_is_a_miss(machines: Machines) -> None:
    first, second = machines(), machines()
    first.run({"do": "bundle"})
    (second.root / "main.py").write_text("print('changed')\n")

    assert second.run({"do": "bundle"}).uploads == 1


def test_build_is_shared(machines: Machines, unique: str) -> None:
    first, second = machines(), machines()
    name = unique + "-absent"  # so the check finds no image, and Flyte builds it

    built = first.run(build(name))
    again = second.run(build(name))

    assert (built.checks, built.builds) == (1, 1)
    assert (again.checks, again.builds) == (0, 0)
    assert again.values == built.values


@names_no_registry
def test_remote_builder_asks_the_team_before_the_backend(machines: Machines, unique: str, service: Service) -> None:
    first, second, third = (machines(environment={"DEJAVU_IMAGE_PREFIXES": BUILDER}) for _ in range(3))
    step = exists(unique, registry=None)

    worked = first.run(step, builder="remote")
    shared = second.run(step, builder="remote")
    switched_off = third.run(step, builder="remote", DEJAVU_REMOTE_BUILDER="off")

    assert (worked.backend, shared.backend, switched_off.backend) == (1, 0, 1)
    assert worked.values[0].startswith(f"{BUILDER}/")
    assert shared.values == switched_off.values == worked.values
    assert service.entries("images", image_uri=worked.values[0])[0]["repository"].endswith(unique)


@names_no_registry
def test_registry_of_a_remote_builder_must_be_named(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(), machines(environment={"DEJAVU_IMAGE_PREFIXES": "cr.example.com,cr.example.com/acm"})
    step = exists(unique, registry=None)

    worked = first.run(step, builder="remote")
    unnamed = second.run(step, builder="remote")

    assert len(service.entries("images", image_uri=worked.values[0])) == 1
    assert (unnamed.backend, unnamed.values) == (1, worked.values)
    assert unnamed.occurrences(f"its key says {unique}:") == 1
    assert unnamed.occurrences(f"DEJAVU_IMAGE_PREFIXES does not name {BUILDER}.") == 1


def test_remote_build_that_does_not_follow_from_its_key_is_not_sent(
    machines: Machines, unique: str, service: Service
) -> None:
    run = machines().run(exists(unique), builder="remote")  # its key names ghcr.io/acme

    assert (run.backend, run.values[0].startswith(f"{BUILDER}/")) == (1, True)
    assert service.entries("images", image_uri=run.values[0]) == []


def test_remote_builder_does_not_read_the_local_cache(machines: Machines, unique: str) -> None:
    machine = machines()
    step = exists(unique, registry=None)
    machine.run(step, builder="remote")

    assert machine.run(step, builder="remote", DEJAVU_URL="http://127.0.0.1:9").backend == 1


@pytest.mark.parametrize("endpoint", ["dns:///localhost:30080", "http://127.0.0.1:30080", "https://[::1]:30080"])
def test_scope_of_one_machine_is_never_shared(machines: Machines, unique: str, service: Service, endpoint: str) -> None:
    machine = machines(endpoint=endpoint)
    before = service.entries("images"), service.entries("bundles")

    run = machine.run(exists(unique), {"do": "bundle"})

    assert (run.checks, run.uploads) == (1, 1)
    assert (service.entries("images"), service.entries("bundles")) == before
    assert "never shared" in machine.cli("explain", "-p", unique, ".", status=1)


def test_without_an_endpoint_bundles_are_never_shared(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(endpoint=None), machines(endpoint=None)

    first.run(exists(unique), {"do": "bundle"})
    run = second.run(exists(unique), {"do": "bundle"})

    assert (run.checks, run.uploads) == (0, 1)


@pytest.mark.parametrize("registry", ["localhost:30000", "127.0.0.1:5000/team", "host.docker.internal:5000"])
def test_image_of_one_machine_is_never_shared(machines: Machines, unique: str, service: Service, registry: str) -> None:
    first, second = machines(), machines()
    before = service.entries("images")

    first.run(exists(unique, registry=registry))

    assert service.entries("images") == before
    assert second.run(exists(unique, registry=registry)).checks == 1


@pytest.mark.parametrize("upload_to", ["file:///tmp/x", "/tmp/x", "s3://localhost:9000/bucket"])
def test_upload_of_one_machine_is_never_shared(machines: Machines, service: Service, upload_to: str) -> None:
    first, second = machines(upload_to=upload_to), machines(upload_to=upload_to)
    before = service.entries("bundles")

    first.run({"do": "bundle"})

    assert service.entries("bundles") == before
    assert second.run({"do": "bundle"}).uploads == 1


def test_latest_and_dry_runs_are_never_shared(machines: Machines, unique: str, service: Service) -> None:
    machine = machines()
    before = service.entries("images"), service.entries("bundles")

    run = machine.run(
        build(unique, tag="latest", force=True), build(unique, dry_run=True), {"do": "bundle", "dryrun": True}
    )

    assert run.builds == 1
    assert (service.entries("images"), service.entries("bundles")) == before


def test_forced_build_is_shared(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(), machines()
    uri = first.run(exists(unique)).values[0]
    before = service.entries("images", image_uri=uri)[0]["created_at"]

    second.run(build(unique, force=True))

    assert service.entries("images", image_uri=uri)[0]["created_at"] > before


def test_keys_are_flytes_own(machines: Machines, unique: str) -> None:
    machine = machines()

    keys = machine.run({"do": "golden"}).values[0]

    assert keys == [
        ImageKey(machine.scope, "ghcr.io/acme/my-app", "v1.0", ("linux/amd64", "linux/arm64")).hash,
        BundleKey(machine.scope, "0" * 32).hash,
    ]


def test_without_the_url_nothing_happens(machines: Machines, unique: str) -> None:
    machine = machines(url=None)

    run = machine.run(exists(unique), {"do": "bundle"})

    assert (run.checks, run.uploads) == (1, 1)
    assert set(run.modules) == {"dejavu_flyte", "dejavu_flyte.files", "dejavu_flyte.places"}
    assert not machine.cache.with_name("dejavu.db").exists()


def test_many_writes_at_the_end_are_flushed(machines: Machines, unique: str, service: Service) -> None:
    machine = machines()

    uris = machine.run(*(exists(f"{unique}-{n}") for n in range(30))).values

    assert all(service.entries("images", image_uri=uri) for uri in uris)


def test_machine_whose_home_cannot_be_written_still_shares(machines: Machines, unique: str) -> None:
    first, second = machines(), machines()
    uri = first.run(exists(unique)).values[0]
    (second.home / ".flyte").write_text("not a folder")

    run = second.run(exists(unique))

    assert (run.values, run.checks) == ([uri], 0)
