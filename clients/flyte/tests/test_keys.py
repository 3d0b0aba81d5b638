"""The keys, byte for byte, and which of them may be shared."""

from __future__ import annotations

import pytest

from dejavu_flyte.keys import BundleKey, ImageKey
from dejavu_flyte.reach import is_local
from dejavu_flyte.values import Allowed

SCOPE = "dns:///example.union.ai:proj:dev"


@pytest.mark.parametrize(
    ("scope", "repository", "tag", "platforms", "key"),
    [
        (
            SCOPE,
            "ghcr.io/acme/my-app",
            "v1.0",
            ("linux/amd64",),
            "5345e0446eb2b640998144060613acae8f389060a58bf8cf5db30e2740a1060e",
        ),
        (
            SCOPE,
            "ghcr.io/acme/my-app",
            "v1.0",
            ("linux/arm64", "linux/amd64"),
            "eaf0dcbef56662c90ce907598d1be91ff230da8bdd043492749705faef5811c9",
        ),
        (
            SCOPE,
            "ghcr.io/acme/my-app",
            "v1.0",
            ("linux/amd64", "linux/arm64"),
            "eaf0dcbef56662c90ce907598d1be91ff230da8bdd043492749705faef5811c9",
        ),
        (
            "::",
            "myrepo",
            "v1.0",
            ("linux/amd64",),
            "f12d32cf5a14c2861c36a3889e8d9ac76c19f71746a9f6acdbd70630b7619a9f",
        ),
        (
            "dns:///localhost:30080:flytesnacks:development",
            "localhost:30000/flyte",
            "abc123",
            ("linux/amd64", "linux/arm64"),
            "a83829d8fab5488c92e57e01dad58959a080a861d4b97547bf1f8f7e87011477",
        ),
    ],
)
def test_local_image_keys(scope: str, repository: str, tag: str, platforms: tuple[str, ...], key: str) -> None:
    assert ImageKey(scope, repository, tag, platforms).local_hash == key


def test_local_bundle_key() -> None:
    key = BundleKey(SCOPE, "13164aad67360d377c32433a5f57ae8f")

    assert key.local_hash == "b603156a8a87bb0ac3e9ae00e4e545c7afb76c87746a459c070d84ce505c950e"


def test_without_an_endpoint_images_may_be_shared_and_bundles_not() -> None:
    assert ImageKey("::", "ghcr.io/a/b", "v1", ()).why_not_shared(Allowed()) is None
    assert BundleKey("::", "0" * 32).why_not_shared(Allowed())


@pytest.mark.parametrize(
    ("uri", "shared"),
    [
        ("ghcr.io/acme/my-app:v1.0", True),
        ("registry:5000/my-app:v1", True),
        ("cr.example.com/a/b/c@sha256:00", True),
        ("my-app:v1", False),
        ("acme/my-app:v1", False),
        ("127.0.0.1.nip.io:5000/my-app:v1", False),
        ("registry.localtest.me/my-app:v1", False),
        ("169.254.1.1/my-app:v1", False),
        ("10.0.0.7.nip.io:5000/my-app:v1", True),
        ("192.168.49.2:5000/my-app:v1", True),
        ("registry.ci.svc.cluster.local/my-app:v1", True),
        ("localhost/my-app:v1", False),
        ("localhost:30000/flyte:abc", False),
        ("127.0.0.1:5000/my-app:v1", False),
        ("[::1]:5000/my-app:v1", False),
        ("host.docker.internal:5000/my-app:v1", False),
    ],
)
def test_image_uri(uri: str, shared: bool) -> None:
    assert (ImageKey.why_value_not_shared({"image_uri": uri}) is None) == shared


@pytest.mark.parametrize(
    ("path", "shared"),
    [
        ("s3://bucket/proj/dev/x/fast.tar.gz", True),
        ("gs://bucket/x", True),
        ("abfs://container@account.dfs.core.windows.net/x", True),
        ("https://store.example.com/x", True),
        ("/tmp/x", False),
        ("file:///tmp/x", False),
        ("FILE:///tmp/x", False),
        ("file:/tmp/x", False),
        ("http://localhost:9000/x", False),
        ("http://127.0.0.1:9000/x", False),
        ("http://minio.127-0-0-1.sslip.io/x", False),
        ("http://minio.default.svc:9000/x", True),
        ("na", False),
    ],
)
def test_remote_path(path: str, shared: bool) -> None:
    assert (BundleKey.why_value_not_shared({"hash_digest": "0", "remote_path": path}) is None) == shared


def test_moving_tag_is_never_shared() -> None:
    assert ImageKey(SCOPE, "ghcr.io/a/b", "latest", ()).why_not_shared(Allowed())


def test_hosts_that_only_look_local() -> None:
    assert not any(map(is_local, ["", "notlocalhost", "localhost.com", "128.0.0.1", "::2", "example.com"]))
