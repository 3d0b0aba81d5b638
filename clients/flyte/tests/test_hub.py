"""Docker Hub's images under their short names."""

from __future__ import annotations

from collections.abc import Callable

import flyte
import pytest
from conftest import BOTH, BUILDER, Machine, Service, exists

from dejavu_flyte.image import ImageKey
from dejavu_flyte.values import Allowed

Machines = Callable[..., Machine]

SCOPE = "https://flyte.example.com:proj:dev"
SHA256 = "@sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("repository", "team"),
    [
        ("acme/app", "docker.io/acme/app"),
        ("acme/team/app", "docker.io/acme/team/app"),
        ("docker.io/acme/app", "docker.io/acme/app"),
        ("index.docker.io/acme/app", "docker.io/acme/app"),
        ("ghcr.io/acme/app", "ghcr.io/acme/app"),
        ("registry:5000/app", "registry:5000/app"),
        ("localhost/app", "localhost/app"),
        ("app", "app"),
    ],
)
def test_repository_of_the_team(repository: str, team: str) -> None:
    key = ImageKey(SCOPE, repository, "v1", ("linux/amd64",))

    assert key.parts()["repository"] == team
    assert key.hash == ImageKey(SCOPE, team, "v1", ("linux/amd64",)).hash
    for uri in (f"{repository}:v1", f"{repository}:v1{SHA256}"):
        assert key.to_local(key.to_team({"image_uri": uri})) == {"image_uri": uri}
        assert key.to_team({"image_uri": uri})["image_uri"].startswith(f"{team}:v1")


def test_other_images_stay_as_they_are() -> None:
    key = ImageKey(SCOPE, "acme/app", "v1", ("linux/amd64",))

    for uri in ("acme/app:v2", "evil/app:v1", "docker.io/acme/app:v12", "cr.example.com/acme/app:v1"):
        assert key.to_team({"image_uri": uri}) == key.to_local({"image_uri": uri}) == {"image_uri": uri}
        assert key.mismatch({"image_uri": uri}, Allowed())


def test_short_name_is_shared(machines: Machines, unique: str, service: Service) -> None:
    first, second, third = machines(), machines(), machines()
    step = exists(unique, registry="acme", tag="v1")

    worked = first.run(step)
    shared = second.run(step)
    spelled_out = third.run(exists(unique, registry="docker.io/acme", tag="v1"))

    assert [run.checks for run in (worked, shared, spelled_out)] == [1, 0, 0]
    assert worked.values == shared.values == [f"acme/{unique}:v1"]
    assert spelled_out.values == [f"docker.io/acme/{unique}:v1"]
    (entry,) = service.entries("images", image_uri=f"docker.io/acme/{unique}:v1")
    assert entry["repository"] == f"docker.io/acme/{unique}"
    assert second.run(step, DEJAVU_URL="").values == worked.values


def test_short_name_is_pushed_pulled_and_explained(machines: Machines, unique: str) -> None:
    first, second = machines(), machines()
    steps = [exists(unique, registry=registry, tag="v1") for registry in ("acme", "docker.io/acme")]
    first.run(steps[0], DEJAVU_URL="")

    assert "1 images shared" in first.cli("push", "-p", unique, "-d", "development")
    assert "1 images written" in second.cli("pull", "-p", unique, "-d", "development")

    alone = second.run(*steps, DEJAVU_URL="")
    assert (alone.checks, alone.values) == (0, [f"acme/{unique}:v1", f"docker.io/acme/{unique}:v1"])
    assert "hit" in second.cli("explain", "-p", unique, "-d", "development", f"acme/{unique}:v1")


def test_name_without_a_registry_is_never_shared(machines: Machines, unique: str) -> None:
    assert ImageKey.why_value_not_shared({"image_uri": f"{unique}:v1"})
    assert ImageKey(SCOPE, unique, "v1", tuple(BOTH)).parts()["repository"] == unique


@pytest.mark.skipif(flyte.version() < "2.12", reason="older versions publish under a registry of the key's own")
def test_short_name_of_a_remote_builder_is_not_docker_hubs(machines: Machines, unique: str, service: Service) -> None:
    uri = f"{BUILDER}/{unique}:v1"
    name = f"acme/{unique}"
    prefix = BUILDER.removesuffix("/acme")
    environment = {"DEJAVU_IMAGE_PREFIXES": prefix}
    first, second, third = (machines(environment=environment) for _ in range(3))
    step = exists(unique, registry="acme", tag="v1")

    worked = first.run(step, builder="remote")
    shared = second.run(step, builder="remote")

    assert worked.values == shared.values == [uri]
    assert (worked.backend, shared.backend) in ((1, 0), (1, 1))
    assert all(entry["repository"] == name for entry in service.entries("images", image_uri=uri))
    assert third.run(step).checks == 1
