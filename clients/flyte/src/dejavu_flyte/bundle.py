"""The keys of code bundles, as the team and as Flyte on this machine spell them, and the reasons not to share one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar
from urllib.parse import urlsplit

from dejavu_flyte import reach, scopes
from dejavu_flyte.key import FlyteCache, Value, are_texts, sha256
from dejavu_flyte.values import Allowed, bundle_mismatch

# Flyte names an archive after the digest of its files.
_ARCHIVE = re.compile(r"fast([0-9a-f]{32})\.tar\.gz")


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
        """The key of the team, made of the normalised scope: 64 hex digits."""
        return sha256(f"{scopes.normalised(self.scope)}:{self.files_digest}")

    @property
    def local_hash(self) -> str:
        """The key of Flyte's row on this machine: 64 hex digits."""
        return sha256(f"{self.scope}:{self.files_digest}")

    def parts(self) -> dict[str, object]:
        """Return the parts as the service expects them; it makes the team's key from them again."""
        return {"scope": scopes.normalised(self.scope), "files_digest": self.files_digest}

    def to_team(self, value: Value) -> Value:
        """Return Flyte's value as the team spells it."""
        return value

    def to_local(self, value: Value) -> Value:
        """Return the team's value as Flyte spells it on this machine."""
        return value

    def holding(self, value: Value) -> BundleKey:  # noqa: ARG002  (as with images)
        """Return the key under which the team looks for this value."""
        return self

    def why_not_shared(self, allowed: Allowed) -> str | None:
        """Return the reason never to share this key, or None."""
        if not scopes.parts(self.scope)[0]:
            return "no Flyte endpoint is configured, so it is unknown which backend holds the upload"
        return scopes.why_not_shared(self.scope, allowed.share)

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
        return key if are_texts([scope, files_digest]) and key.hash == entry[cls.id] else None

    def on_this_machine(self, scope: str) -> list[BundleKey]:
        """Return the keys of a team's key under which Flyte may look for a row, given this machine's own scope."""
        return [replace(self, scope=scope)]

    @classmethod
    def candidates(cls, scope: str, value: Value) -> list[BundleKey]:
        """Return the keys under which Flyte may have stored this value."""
        archive = _ARCHIVE.search(value["remote_path"])
        if not archive:
            return []
        names = pairwise(urlsplit(value["remote_path"]).path.split("/"))
        endpoint = scopes.parts(scope)[0]
        return [cls(s, archive[1]) for s in (scope, *(f"{endpoint}:{project}:{domain}" for project, domain in names))]
