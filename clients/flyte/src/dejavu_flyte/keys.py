"""The keys of both caches, byte for byte as Flyte makes them, and the reasons not to share one."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar
from urllib.parse import urlsplit

from dejavu_flyte import reach
from dejavu_flyte.values import Allowed, bundle_mismatch, image_mismatch

# The platforms of nearly every image.
_PLATFORMS = (("linux/amd64",), ("linux/arm64",), ("linux/amd64", "linux/arm64"))
# Flyte names an archive after the digest of its files.
_ARCHIVE = re.compile(r"fast([0-9a-f]{32})\.tar\.gz")
# Without a colon, which would give other parts the same key.
_TAG = re.compile(r"[\w.-]+", re.ASCII)

Value = dict[str, str]
"""The value of a key: `image_uri`, or `hash_digest` and `remote_path`."""


@dataclass(frozen=True)
class FlyteCache:
    """Where Flyte keeps one kind of key on this machine: private functions of a module, and a table.

    `arguments` are those of `read`; `write` takes them too, and then the members of the value. Flyte calls `write` from
    `check` when it found an image, and from other functions after a build; without a `check` there are no builds.
    """

    module: str
    read: str
    write: str
    arguments: tuple[str, ...]
    check: str | None
    ttl_days: str
    table: str
    key_column: str


@dataclass(frozen=True)
class ImageKey:
    """The key of an image that exists in its registry.

    `scope` is `endpoint:project:domain`; `repository` is registry, slash and name, or the name alone.
    """

    scope: str
    repository: str
    tag: str
    platforms: tuple[str, ...]

    collection: ClassVar[str] = "images"
    id: ClassVar[str] = "hash"
    ids: ClassVar[str] = "hashes"
    members: ClassVar[tuple[str, ...]] = ("image_uri",)
    assumed_seconds: ClassVar[float] = 4.0  # for a check, according to flyte-sdk
    flyte: ClassVar[FlyteCache] = FlyteCache(
        module="flyte._internal.imagebuild.image_builder",
        read="_read_image_cache",
        write="_write_image_cache",
        arguments=("repository", "tag", "arch"),
        check="image_exists",
        ttl_days="_IMAGE_CACHE_TTL_DAYS",
        table="image_cache",
        key_column="key",
    )

    def __post_init__(self) -> None:
        """Make the platforms hashable: Flyte may pass a list."""
        object.__setattr__(self, "platforms", tuple(self.platforms))

    @property
    def uri(self) -> str:
        """The image as `repository:tag`."""
        return f"{self.repository}:{self.tag}"

    @property
    def hash(self) -> str:
        """The key in the URL and in the local cache: 64 hex digits."""
        return _sha256(f"{self.scope}:{self.uri}:{','.join(sorted(self.platforms))}")

    def parts(self) -> dict[str, object]:
        """Return the parts as the service expects them; it makes the key from them again."""
        platforms = sorted(self.platforms)
        return {"scope": self.scope, "repository": self.repository, "tag": self.tag, "platforms": platforms}

    def why_not_shared(self) -> str | None:
        """Return the reason never to share this key, or None."""
        if self.tag == "latest":
            return "the tag 'latest' moves to other images"
        registry, slash, _ = self.repository.partition("/")
        if slash and reach.is_local(reach.host_of(registry)):
            return f"its registry, {registry}, is a different one on every machine"
        return reach.why_scope_not_shared(self.scope)

    @staticmethod
    def why_value_not_shared(value: Value) -> str | None:
        """Return the reason never to share this value, or None."""
        return reach.why_image_not_shared(value["image_uri"])

    def mismatch(self, value: Value, allowed: Allowed) -> str | None:
        """Return the reason why this key cannot have this value, or None."""
        return image_mismatch(value["image_uri"], self.uri, allowed)

    @classmethod
    def of(cls, entry: dict[str, Any]) -> ImageKey | None:
        """Return the key that the parts of the entry make; None if they are unknown or make another one."""
        scope, repository, tag, platforms = (entry.get(p) for p in ("scope", "repository", "tag", "platforms"))
        texts = [scope, repository, tag, *(platforms if isinstance(platforms, list) else [None])]
        if not _are_texts(texts) or not _TAG.fullmatch(str(tag)) or ":" in "".join(platforms or ()):
            return None
        key = cls(str(scope), str(repository), str(tag), tuple(platforms or ()))
        return key if key.hash == entry[cls.id] else None

    @classmethod
    def candidates(cls, scope: str, value: Value) -> list[ImageKey]:
        """Return the keys under which Flyte may have stored this value."""
        repository, _, tag = value["image_uri"].partition("@")[0].rpartition(":")
        names = repository.split("/")
        # A backend that builds images puts its registry before their name.
        repositories = ["/".join(names[n:]) for n in range(len(names))]
        return [cls(scope, r, tag, platforms) for r in repositories for platforms in _PLATFORMS]


@dataclass(frozen=True)
class BundleKey:
    """The key of a code bundle that was uploaded; `files_digest` is the MD5 of its files."""

    scope: str
    files_digest: str

    collection: ClassVar[str] = "bundles"
    id: ClassVar[str] = "digest"
    ids: ClassVar[str] = "digests"
    members: ClassVar[tuple[str, ...]] = ("hash_digest", "remote_path")
    assumed_seconds: ClassVar[float] = 0.0  # unknown: an upload depends on its size
    flyte: ClassVar[FlyteCache] = FlyteCache(
        module="flyte._code_bundle.bundle",
        read="_read_bundle_cache",
        write="_write_bundle_cache",
        arguments=("digest",),
        check=None,
        ttl_days="_BUNDLE_CACHE_TTL_DAYS",
        table="bundle_cache",
        key_column="digest",
    )

    @property
    def hash(self) -> str:
        """The key in the URL and in the local cache: 64 hex digits."""
        return _sha256(f"{self.scope}:{self.files_digest}")

    def parts(self) -> dict[str, object]:
        """Return the parts as the service expects them; it makes the key from them again."""
        return {"scope": self.scope, "files_digest": self.files_digest}

    def why_not_shared(self) -> str | None:
        """Return the reason never to share this key, or None."""
        if not reach.endpoint(self.scope):
            return "no Flyte endpoint is configured, so it is unknown which backend holds the upload"
        return reach.why_scope_not_shared(self.scope)

    @staticmethod
    def why_value_not_shared(value: Value) -> str | None:
        """Return the reason never to share this value, or None."""
        return reach.why_upload_not_shared(value["remote_path"])

    def mismatch(self, value: Value, allowed: Allowed) -> str | None:
        """Return the reason why this key cannot have this value, or None."""
        return bundle_mismatch(value["hash_digest"], value["remote_path"], self.scope, self.files_digest, allowed)

    @classmethod
    def of(cls, entry: dict[str, Any]) -> BundleKey | None:
        """Return the key that the parts of the entry make; None if they are unknown or make another one."""
        scope, files_digest = entry.get("scope"), entry.get("files_digest")
        key = cls(str(scope), str(files_digest))
        return key if _are_texts([scope, files_digest]) and key.hash == entry[cls.id] else None

    @classmethod
    def candidates(cls, scope: str, value: Value) -> list[BundleKey]:
        """Return the keys under which Flyte may have stored this value."""
        archive = _ARCHIVE.search(value["remote_path"])
        if not archive:
            return []
        names = pairwise(urlsplit(value["remote_path"]).path.split("/"))
        scopes = [scope, *(f"{reach.endpoint(scope)}:{project}:{domain}" for project, domain in names)]
        return [cls(s, archive[1]) for s in scopes]


Key = ImageKey | BundleKey
KINDS: tuple[type[Key], ...] = (ImageKey, BundleKey)


def why_not_used(key: Key, value: Value, allowed: Allowed) -> str | None:
    """Return the reason neither to use nor to share this value of the key, or None."""
    return key.why_value_not_shared(value) or key.mismatch(value, allowed)


def _are_texts(parts: list[object]) -> bool:
    return all(isinstance(part, str) and part.isprintable() for part in parts)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
