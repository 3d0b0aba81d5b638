"""One spelling of a backend for the whole team, and the backends of one machine."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from conftest import Machine, Service, exists

from dejavu_flyte.keys import BundleKey, ImageKey
from dejavu_flyte.scopes import normalised, why_not_shared
from dejavu_flyte.settings import SettingError, Settings
from dejavu_flyte.values import Allowed

Machines = Callable[..., Machine]

NEVER = [
    "dns:///localhost:30080",
    "dns:///localhost",
    "https://localhost:30080",
    "http://localhost:30080",
    "localhost:30080",
    "http://127.0.0.1:30080",
    "https://127.9.9.9",
    "http://[::1]:30080",
    "http://[::ffff:7f00:1]",
    "http://[64:ff9b::7f00:1]",
    "http://[::127.0.0.1]",
    "http://[2002:7f00:1::]",
    "unix:///var/run/flyte.sock",
    "dns:///[::ffff:127.0.0.1]:30080",
    "http://0.0.0.0:8080",
    "https://my.localhost",
    "https://LOCALHOST.:443",
    "https://host.docker.internal:30080",
    "https://kubernetes.docker.internal:6443",
    "https://host.containers.internal:30080",
    "http://host.minikube.internal:30080",
    "http://127.1:30080",
    "http://2130706433",
    "http://169.254.10.1:30080",
    "http://[fe80::1%25eth0]:30080",
    "http://127.0.0.1.nip.io:30080",
    "https://flyte.127-0-0-1.sslip.io",
    "http://app-7f000001.nip.io",
    "http://--1.sslip.io",
    "http://flyte.localtest.me:30080",
    "https://localtest.me",
]
CLUSTERS = [
    "http://192.168.49.2:30080",
    "https://192.168.39.17",
    "http://192.168.59.100:30080",
    "dns:///192.168.64.3:30080",
    "http://172.18.0.2:30080",
    "http://[::ffff:172.18.0.2]:30080",
    "http://3232248066:30080",  # 192.168.49.2
    "http://192.168.12546",  # the same
    "https://flyte.10.0.0.7.nip.io",
    "https://FLYTE.10-0-0-7.SSLIP.IO.:443",
    "http://flyteadmin.flyte.svc:80",
    "http://flyteadmin.flyte.svc.cluster.local.:80",
    "https://minikube:8443",
    "https://dev.mshome.net:16443",
    "http://control-plane.minikube.internal",
    "https://kind-control-plane:6443",
    "https://k3d-dev-server-0:6443",
    "https://api.crc.testing:6443",
    "https://flyte.apps-crc.testing",
    "https://flyte.k8s.orb.local",
]
TEAMS = [
    "dns:///flyte.example.com",
    "https://flyte.example.com:443",
    "http://10.0.0.7:30080",
    "http://192.168.1.20:30080",
    "http://172.20.1.1:30080",
    "https://localhost.example.com",
    "https://nip.io.example.com",
    "https://svc.example.com",
    "https://minikube.example.com",
]


@pytest.mark.parametrize("endpoint", NEVER + CLUSTERS)
def test_backend_of_one_machine_is_never_shared(endpoint: str) -> None:
    scope = f"{endpoint}:proj:dev"

    assert why_not_shared(scope, ())
    assert why_not_shared(scope, ("*",))
    assert why_not_shared(scope, ("https://*", "http://*:proj:*", "*:proj:*", "http*:dev", "*i*:*"))
    assert ImageKey(scope, "ghcr.io/a/b", "v1", ()).why_not_shared(Allowed())
    assert BundleKey(scope, "0" * 32).why_not_shared(Allowed())


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
