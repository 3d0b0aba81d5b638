"""The link from a task's image to its build, which Flyte's remote builder records."""

from __future__ import annotations

import json
from collections.abc import Callable

import flyte
import httpx
import pytest
from conftest import BOTH, BUILDER, Machine, Service
from packaging.version import Version

from dejavu_flyte.links import is_believed

Machines = Callable[..., Machine]

records_links = pytest.mark.skipif(Version(flyte.version()) < Version("2.12"), reason="this Flyte records no links")
NAMED = {"DEJAVU_IMAGE_PREFIXES": BUILDER}


@records_links
def test_hit_has_the_link(machines: Machines, unique: str, service: Service) -> None:
    first, second = (machines(environment=NAMED) for _ in range(2))
    step = {"do": "linked", "name": unique, "platforms": BOTH}

    worked = first.run(step, builder="remote")
    shared = second.run(step, builder="remote")

    assert (worked.backend, shared.backend) == (1, 0)
    assert worked.values == shared.values
    assert json.loads(shared.values[0][1]) == {"org": "", "project": unique, "domain": "development", "name": "r1"}
    (entry,) = service.entries("images", image_uri=worked.values[0][0])
    assert entry["build_run"] == f"/{unique}/development/r1"


@records_links
def test_what_was_built_has_the_link(machines: Machines, unique: str, service: Service) -> None:
    first, second = (machines(environment=NAMED) for _ in range(2))

    uri = first.run({"do": "remote_build", "name": unique, "platforms": BOTH}, builder="remote").values[0]
    shared = second.run({"do": "linked", "name": unique, "platforms": BOTH}, builder="remote")

    assert (shared.backend, shared.values[0][0]) == (0, uri)
    assert json.loads(shared.values[0][1])["name"] == "r2"


@records_links
def test_entry_without_a_link_is_a_miss_unless_any_will_do(machines: Machines, unique: str, service: Service) -> None:
    first, second, third = (machines(environment=NAMED) for _ in range(3))
    step = {"do": "linked", "name": unique, "platforms": BOTH}
    first.run(step, builder="remote", BACKEND_WITHOUT_LINKS="1")

    second_run = second.run(step, builder="remote", DEJAVU_REMOTE_BUILDER="any")
    third_run = third.run(step, builder="remote")

    assert (second_run.backend, second_run.values[0][1]) == (0, None)
    assert (third_run.backend, json.loads(third_run.values[0][1])["name"]) == (1, "r1")


@records_links
@pytest.mark.parametrize(
    "link", ["/other/development/r1", "/{p}/production/r1", "r1", "/{p}/development/", "a b/{p}/development/r"]
)
def test_link_to_elsewhere_is_not_believed(machines: Machines, unique: str, service: Service, link: str) -> None:
    first, second = (machines(environment=NAMED) for _ in range(2))
    step = {"do": "linked", "name": unique, "platforms": BOTH}
    uri = first.run(step, builder="remote").values[0][0]
    (entry,) = service.entries("images", image_uri=uri)
    parts = {part: entry[part] for part in ("image_uri", "scope", "repository", "tag", "platforms")}
    put = {**parts, "build_run": link.replace("{p}", unique)}
    httpx.put(f"{service.url}/images/{entry['hash']}", json=put).raise_for_status()

    assert second.run(step, builder="remote").backend == 1


def test_project_and_domain_must_be_those_of_the_scope() -> None:
    scope = "https://flyte.example.com:443:proj:dev"

    assert is_believed("org/proj/dev/run-1", scope)
    assert is_believed("/proj/dev/run-1", scope)
    assert not any(is_believed(link, scope) for link in (None, "", "proj/dev/run-1", "/dev/proj/r", "/proj/dev/r/x"))
