"""Which values follow from a key, and which keys from an entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Machine

from dejavu_flyte.keys import BundleKey, ImageKey
from dejavu_flyte.values import Allowed, bundle_mismatch, image_mismatch

Machines = Callable[..., Machine]

SCOPE = "https://flyte.example.com:proj:dev"
FILES = "13164aad67360d377c32433a5f57ae8f"
MD5 = "0" * 32
BASE32 = "AAAAAAAAAAAAAAAAAAAAAAAAAA======"
URI = "ghcr.io/acme/app:v1"
SHA256 = "@sha256:" + "0" * 64


@pytest.mark.parametrize(
    "uri",
    [URI, URI + SHA256, f"cr.example.com/{URI}", f"cr.example.com:5000/a/b/{URI}", f"cr.example.com/{URI}{SHA256}"],
)
def test_image_of_its_key(uri: str) -> None:
    allowed = Allowed(image_prefixes=("cr.example.com", "cr.example.com:5000/a/b"))

    assert image_mismatch(uri, URI, allowed) is None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "ghcr.io/evil/app:v1",
        "ghcr.io/acme/app:v2",
        "ghcr.io/acme/app",
        "ghcr.io/acme/app@sha256:" + "0" * 64,
        f"{URI}-evil",
        f"evil.example.com/{URI}",
        f"cr.example.com/evil/{URI}",
        f"cr.example.com//{URI}",
        f"cr.example.com.evil.example/{URI}",
        f"evilcr.example.com/{URI}",
        f"cr.example.com{URI}",
        f"/{URI}",
        f"{URI}@sha256:00",
        f"{URI}@sha512:{'0' * 64}",
        f"{URI}{SHA256}{SHA256}",
        f"{URI}{SHA256}\n",
        f"{URI}\n",
        f" {URI}",
        f"{URI}\x1b[0m",
    ],
)
def test_image_of_another_key(uri: str) -> None:
    assert image_mismatch(uri, URI, Allowed(image_prefixes=("cr.example.com",)))


def test_own_builder_may_publish_under_any_registry() -> None:
    assert image_mismatch(f"cr.example.com/a/{URI}", URI, Allowed().own) is None
    assert image_mismatch("cr.example.com/a/app:v1", URI, Allowed().own)


@pytest.mark.parametrize(
    "path",
    [
        f"s3://bucket/uploads/proj/dev/{BASE32}/fast{FILES}.tar.gz",
        f"s3://bucket/proj/dev/fast{FILES}.tar.gz",
        f"gs://bucket/proj/dev/{BASE32}/fast{FILES}.tar.gz",
        f"abfs://container@account.dfs.core.windows.net/proj/dev/x/fast{FILES}.tar.gz",
        f"abfss://container/org/proj/dev/x/fast{FILES}.tar.gz",
    ],
)
def test_bundle_of_its_key(path: str) -> None:
    assert bundle_mismatch(MD5, path, SCOPE, FILES, Allowed()) is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        f"https://evil.example.com/proj/dev/x/fast{FILES}.tar.gz",
        f"S3://bucket/proj/dev/x/fast{FILES}.tar.gz",
        f"/proj/dev/x/fast{FILES}.tar.gz",
        f"s3:///proj/dev/x/fast{FILES}.tar.gz",
        f"s3://proj/dev/x/fast{FILES}.tar.gz",
        f"s3://bucket/other/dev/x/fast{FILES}.tar.gz",
        f"s3://bucket/proj/prod/x/fast{FILES}.tar.gz",
        f"s3://bucket/proj-dev/x/fast{FILES}.tar.gz",
        f"s3://bucket/proj/dev/x/fast{'0' * 32}.tar.gz",
        f"s3://bucket/proj/dev/{FILES}/evil.tar.gz",
        f"s3://bucket/proj/dev/../../evil/fast{FILES}.tar.gz",
        f"s3://bucket/proj/dev/./fast{FILES}.tar.gz",
        f"s3://bucket/proj/dev//fast{FILES}.tar.gz",
        f"s3://bucket/proj/dev/%2E%2e/fast{FILES}.tar.gz",
        f"s3://bucket/proj/dev/x%2Ffast{FILES}.tar.gz",
        f"s3://bucket/proj/dev/..\\fast{FILES}.tar.gz",
        f"s3://bucket/proj/dev/x/fast{FILES}.tar.gz/",
        f"s3://bucket/proj/dev/x/fast{FILES}.tar.gz?versionId=1",
        f"s3://bucket/proj/dev/x/fast{FILES}.tar.gz#x",
        f"s3://evil.example.com?/proj/dev/x/fast{FILES}.tar.gz",
        f"s3://user:password@bucket/proj/dev/x/fast{FILES}.tar.gz",
        f"s3://user@bucket/proj/dev/x/fast{FILES}.tar.gz",
        f"abfs://container:password@account/proj/dev/x/fast{FILES}.tar.gz",
        f"s3://bucket/proj/dev/x\n/fast{FILES}.tar.gz",
        f"s3://bucket/proj/dev/\u202e/fast{FILES}.tar.gz",
        f"s3://bucket/proj/dev/\x9b/fast{FILES}.tar.gz",
    ],
)
def test_bundle_of_another_key(path: str) -> None:
    assert bundle_mismatch(MD5, path, SCOPE, FILES, Allowed())


def test_bundle_needs_no_project_where_its_scope_has_none() -> None:
    path = f"s3://bucket/x/fast{FILES}.tar.gz"

    assert bundle_mismatch(MD5, path, "https://flyte.example.com::", FILES, Allowed()) is None
    assert bundle_mismatch(MD5, path, "https://flyte.example.com:proj:dev", FILES, Allowed())


@pytest.mark.parametrize("hash_digest", ["", "0" * 31, "0" * 33, "A" * 32, "g" * 32, "0" * 32 + "\n", "\x1b" * 32])
def test_version_of_a_bundle_is_an_md5(hash_digest: str) -> None:
    path = f"s3://bucket/proj/dev/x/fast{FILES}.tar.gz"

    assert bundle_mismatch(hash_digest, path, SCOPE, FILES, Allowed())


@pytest.mark.parametrize(("bucket", "allowed"), [("mine", True), ("mine-not", False), ("other", False)])
def test_named_paths_replace_the_schemes(bucket: str, allowed: bool) -> None:
    path = f"s3://{bucket}/proj/dev/x/fast{FILES}.tar.gz"

    assert (bundle_mismatch(MD5, path, SCOPE, FILES, Allowed(bundle_paths=("s3://mine/",))) is None) == allowed


IMAGE = ImageKey(SCOPE, "ghcr.io/acme/app", "v1", ("linux/amd64",))
BUNDLE = BundleKey(SCOPE, FILES)


def test_parts_make_the_key() -> None:
    assert ImageKey.of({"hash": IMAGE.hash, **IMAGE.parts()}) == IMAGE
    assert BundleKey.of({"digest": BUNDLE.hash, **BUNDLE.parts()}) == BUNDLE


@pytest.mark.parametrize(
    "other",
    [
        {"repository": "ghcr.io/evil/app"},
        {"tag": None},
        {"tag": "v1\x1b"},
        {"tag": "\ud800"},
        {"platforms": "linux/amd64"},
        {"platforms": None},
        {"platforms": [1]},
        {"repository": "ghcr.io", "tag": "acme/app:v1"},
        {"repository": "ghcr.io/acme/app:v1", "tag": "linux/amd64", "platforms": []},
    ],
)
def test_parts_of_another_key(other: dict[str, Any]) -> None:
    assert ImageKey.of({"hash": IMAGE.hash, **IMAGE.parts(), **other}) is None
    assert ImageKey.of({"hash": IMAGE.hash}) is None


@pytest.mark.parametrize("other", [{"scope": "::"}, {"files_digest": MD5}, {"scope": None}, {"files_digest": [FILES]}])
def test_parts_of_another_bundle(other: dict[str, Any]) -> None:
    assert BundleKey.of({"digest": BUNDLE.hash, **BUNDLE.parts(), **other}) is None
    assert BundleKey.of({"digest": BUNDLE.hash}) is None


def test_parts_with_the_same_key_name_another_image() -> None:
    """A colon in a platform would make the image `app` in the registry `ghcr.io:5000` one of `ghcr.io`."""
    key = ImageKey(SCOPE, "ghcr.io:5000/app", "v1", ("linux/amd64",))
    forged = {"scope": SCOPE, "repository": "ghcr.io", "tag": "5000/app", "platforms": ["v1:linux/amd64"]}

    assert ImageKey(SCOPE, "ghcr.io", "5000/app", ("v1:linux/amd64",)).hash == key.hash
    assert ImageKey.of({"hash": key.hash, **forged}) is None
