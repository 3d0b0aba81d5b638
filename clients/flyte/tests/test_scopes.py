"""One spelling of a backend for the whole team, and the backends of one machine."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest
from conftest import Machine, Service, exists
from endpoints import CLUSTERS, NEVER, ODD, TEAMS

from dejavu_flyte.key import sha256
from dejavu_flyte.keys import BundleKey, ImageKey
from dejavu_flyte.scopes import normalised, why_not_shared
from dejavu_flyte.settings import SettingError, Settings
from dejavu_flyte.values import Allowed

Machines = Callable[..., Machine]


@pytest.mark.parametrize("endpoint", NEVER + CLUSTERS + ODD)
def test_backend_of_one_machine_is_never_shared(endpoint: str) -> None:
    scope = f"{endpoint}:proj:dev"

    assert why_not_shared(scope, ())
    assert why_not_shared(scope, ("*",))
    assert why_not_shared(scope, ("https://*", "http://*:proj:*", "*:proj:*", "http*:dev", "*i*:*"))
    assert ImageKey(scope, "ghcr.io/a/b", "v1", ()).why_not_shared(Allowed())
    assert BundleKey(scope, "0" * 32).why_not_shared(Allowed())


def test_service_and_client_refuse_the_same(service: Service) -> None:
    """What people's configurations say reaches the service in the spelling of the client, and of others."""
    refused, taken = set(), set()
    for endpoint in [*NEVER, *CLUSTERS, *ODD, *TEAMS]:
        scope, digest = f"{endpoint}:proj:dev", "0" * 32
        body = {"hash_digest": digest, "remote_path": f"s3://b/proj/dev/fast{digest}.tar.gz"}
        key = sha256(f"{scope}:{digest}")
        answer = httpx.put(f"{service.url}/bundles/{key}", json=body | {"scope": scope, "files_digest": digest})
        kept = refused if answer.status_code == 422 else taken
        kept.add(endpoint)
        assert answer.status_code in (200, 201) or answer.json()["type"].endswith(":not-shareable"), answer.text

    assert taken == set(TEAMS)
    assert refused == {endpoint for endpoint in refused | taken if why_not_shared(f"{endpoint}:proj:dev", ())}


@pytest.mark.parametrize("endpoint", CLUSTERS)
def test_cluster_of_one_machine_is_shared_if_its_host_is_named(endpoint: str) -> None:
    assert why_not_shared(f"{endpoint}:proj:dev", ("https://flyte.example.com", endpoint)) is None


@pytest.mark.parametrize("endpoint", NEVER)
def test_this_machine_is_not_shared_even_if_named(endpoint: str) -> None:
    assert why_not_shared(f"{endpoint}:proj:dev", (endpoint,))


@pytest.mark.parametrize("endpoint", TEAMS)
def test_backend_of_a_team(endpoint: str) -> None:
    scope = f"{endpoint}:proj:dev"

    assert why_not_shared(scope, ()) is None
    assert ImageKey(scope, "ghcr.io/a/b", "v1", ()).why_not_shared(Allowed()) is None
    assert BundleKey(scope, "0" * 32).why_not_shared(Allowed()) is None


@pytest.mark.parametrize(
    ("share", "is_shared"),
    [
        ("https://flyte.example.com", True),
        ("FLYTE.example.com:443", True),
        ("dns:///flyte.example.com/", True),
        ("https://*.example.com", True),
        ("https://*.example.com:proj:*", True),
        ("https://flyte.example.com:443:proj:dev", True),
        ("https://flyte.example.com:*", True),
        ("https://FLYTE.example.com:443:*", True),
        ("HTTPS://Flyte.Example.com/:proj:*", True),
        ("*", True),
        ("*:proj:dev", True),
        ("http://flyte.example.com", False),
        ("https://flyte.example.com:8443", False),
        ("https://flyte.example.co", False),
        ("https://flyte.example.com:other:dev", False),
        ("https://*.example.com:proj:prod", False),
        ("https://flyte-example.com", False),
        ("https://flyte.example.com.evil.example", False),
    ],
)
def test_named_backends(share: str, is_shared: bool) -> None:
    scope = "https://flyte.example.com:proj:dev"

    assert (why_not_shared(scope, (share,)) is None) == is_shared
    assert (why_not_shared(scope, ("https://another.example.com", share)) is None) == is_shared


@pytest.mark.parametrize(
    "endpoint",
    [
        "host.example",
        "HOST.example",
        "host.example:443",
        "dns:///host.example",
        "https://host.example/",
        "host.example.",
        "dns:///Host.Example:443/",
        "HTTPS://host.example",
        "https://host.example:",
        "dns:host.example:443",
        "https:host.example",
        "https:/host.example",
        "dns://8.8.8.8/host.example",
        "dns://8.8.8.8:53/host.example:443/",
    ],
)
def test_one_spelling(endpoint: str) -> None:
    assert normalised(f"{endpoint}:proj:Dev") == "https://host.example:proj:Dev"


@pytest.mark.parametrize(
    ("scope", "other"),
    [
        ("http://host.example:80:proj:dev", "http://host.example:proj:dev"),
        ("http://host.example:443:proj:dev", "http://host.example:443:proj:dev"),
        ("https://host.example:80:proj:dev", "https://host.example:80:proj:dev"),
        ("https://[2001:DB8:0:0::1]:443:proj:dev", "https://[2001:db8::1]:proj:dev"),
        ("https://host.example/A/:proj:dev", "https://host.example/A:proj:dev"),
        ("host.example:443:443:443", "https://host.example:443:443"),
        ("::", "::"),
        (":proj:dev", ":proj:dev"),
    ],
)
def test_other_spellings(scope: str, other: str) -> None:
    assert normalised(scope) == other
    assert normalised(other) == other


def test_plain_http_is_another_team() -> None:
    keys = {BundleKey(f"{scheme}://host.example:proj:dev", "0" * 32).hash for scheme in ("http", "https", "dns")}

    assert len(keys) == 2


@pytest.mark.parametrize(
    "endpoint",
    ["flyte.example.com", "FLYTE.example.com", "https://flyte.example.com:443", "https://flyte.example.com/"],
)
def test_spelling_of_the_endpoint_does_not_matter(
    machines: Machines, unique: str, service: Service, endpoint: str
) -> None:
    first, second = machines(), machines(endpoint=endpoint)
    worked = first.run(exists(unique), {"do": "bundle"})

    shared = second.run(exists(unique), {"do": "bundle"})

    assert (shared.checks, shared.uploads, shared.values) == (0, 0, worked.values)
    alone = second.run(exists(unique), {"do": "bundle"}, DEJAVU_URL="")
    assert (alone.checks, alone.uploads, alone.values) == (0, 0, worked.values)
    third = machines()
    third.cli("pull", "-p", unique, "-d", "development")
    assert third.run(exists(unique), DEJAVU_URL="").checks == 0
    (entry,) = service.entries("images", image_uri=worked.values[0])
    assert entry["scope"] == f"https://flyte.example.com:{unique}:development"


def test_own_rows_of_another_spelling_are_pushed_and_pulled(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(endpoint="FLYTE.example.com:443"), machines(endpoint="Flyte.Example.com")
    worked = first.run(exists(unique), DEJAVU_URL="")

    assert "1 images shared" in first.cli("push", "-p", unique, "-d", "development")
    assert "1 images written" in second.cli("pull", "-p", unique, "-d", "development")

    alone = second.run(exists(unique), DEJAVU_URL="")
    assert (alone.checks, alone.values) == (0, worked.values)


def test_share_names_the_backends(machines: Machines, unique: str, service: Service) -> None:
    one, other = (machines(environment={"DEJAVU_SHARE": share}) for share in ("https://*.example.com", "b.example.com"))

    uri = one.run(exists(unique)).values[0]
    other.run(exists(unique))

    assert len(service.entries("images", image_uri=uri)) == 1
    assert other.run(exists(f"{unique}-2")).checks == 1
    assert "DEJAVU_SHARE does not name" in other.cli("explain", "-p", unique, uri, status=1)


@pytest.mark.parametrize(
    ("pattern", "is_shared"),
    [
        ("https://*.example.com", True),
        ("*", True),
        ("*:proj:*", True),
        ("https://flyte.*.com:p*j:dev", True),
        ("https://flyte.example.com*", True),
        ("https://flyte.example.com:proj:dev*dev", False),
        ("https://*.com.com", False),
        ("https://flyte.example.com:*:prod", False),
        ("*:other:*", False),
        ("FLYTE.example.com:443:pr*", True),
    ],
)
def test_star_is_any_text(pattern: str, is_shared: bool) -> None:
    assert (why_not_shared("https://flyte.example.com:proj:dev", (pattern,)) is None) == is_shared


def test_stars_do_not_backtrack() -> None:
    scope = f"https://{'a' * 120}.example.com:proj:dev"
    begin = time.process_time()

    assert why_not_shared(scope, ("https://*a*a*a*ab",) * 50)

    assert time.process_time() - begin < 1


@pytest.mark.parametrize("share", ["https://*.*.*.*.*", f"https://{'a' * 505}"])
def test_pattern_that_the_service_refuses(monkeypatch: pytest.MonkeyPatch, share: str) -> None:
    monkeypatch.setenv("DEJAVU_URL", "https://dejavu.example.com")
    monkeypatch.setenv("DEJAVU_SHARE", f"https://flyte.example.com,{share}")

    with pytest.raises(SettingError, match="DEJAVU_SHARE must have at most 4 stars and 512 characters"):
        Settings.load()
