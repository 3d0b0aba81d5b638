"""The keys of images, as the team and as Flyte on this machine spell them, and the reasons not to share one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from dejavu_flyte import hub, reach, scopes
from dejavu_flyte.key import FlyteCache, Value, are_texts, sha256
from dejavu_flyte.values import Allowed, image_mismatch

# The platforms of nearly every image.
_PLATFORMS = (("linux/amd64",), ("linux/arm64",), ("linux/amd64", "linux/arm64"))
# Without a colon, which would give other parts the same key.
_TAG = re.compile(r"[\w.-]+", re.ASCII)


@dataclass(frozen=True)
class ImageKey:
    """The key of an image that exists in its registry, from parts in Flyte's spelling.

    `scope` is `endpoint:project:domain`; `repository` is registry, slash and name, or the name alone. `remote`: a
    backend chose the registry, so that a short name is not Docker Hub's.
    """

    scope: str
    repository: str
    tag: str
    platforms: tuple[str, ...]
    remote: bool = False

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
    def team_repository(self) -> str:
        """The repository with its registry, which short names of Docker Hub leave out."""
        return self.repository if self.remote else hub.spelled_out(self.repository)

    @property
    def uri(self) -> str:
        """The image as `repository:tag`, as the team spells it."""
        return f"{self.team_repository}:{self.tag}"

    @property
    def local_uri(self) -> str:
        """The image as `repository:tag`, as Flyte spells it on this machine."""
        return f"{self.repository}:{self.tag}"

    @property
    def hash(self) -> str:
        """The key of the team, made of the normalised scope: 64 hex digits."""
        return self._hash(scopes.normalised(self.scope), self.uri)

    @property
    def local_hash(self) -> str:
        """The key of Flyte's row on this machine: 64 hex digits."""
        return self._hash(self.scope, self.local_uri)

    def _hash(self, scope: str, uri: str) -> str:
        return sha256(f"{scope}:{uri}:{','.join(sorted(self.platforms))}")

    def parts(self) -> dict[str, object]:
        """Return the parts as the service expects them; it makes the team's key from them again."""
        scope, repository = scopes.normalised(self.scope), self.team_repository
        return {"scope": scope, "repository": repository, "tag": self.tag, "platforms": sorted(self.platforms)}

    def to_team(self, value: Value) -> Value:
        """Return Flyte's value as the team spells it."""
        return {"image_uri": hub.replaced(value["image_uri"], self.local_uri, self.uri)}

    def to_local(self, value: Value) -> Value:
        """Return the team's value as Flyte spells it on this machine."""
        return {"image_uri": hub.replaced(value["image_uri"], self.uri, self.local_uri)}

    def holding(self, value: Value) -> ImageKey:
        """Return the key under which the team looks for this value: a backend may have put a registry before it."""
        tagged = value["image_uri"].partition("@")[0]
        return replace(self, remote=tagged not in (self.local_uri, self.uri))

    def why_not_shared(self, allowed: Allowed) -> str | None:
        """Return the reason never to share this key, or None."""
        if self.tag == "latest":
            return "the tag 'latest' moves to other images"
        registry, slash, _ = self.repository.partition("/")
        if slash and reach.is_local(reach.host_of(registry)):
            return f"its registry, {registry}, is a different one on every machine"
        return scopes.why_not_shared(self.scope, allowed.share)

    @staticmethod
    def why_value_not_shared(value: Value) -> str | None:
        """Return the reason never to share this value of the team, or None."""
        return reach.why_image_not_shared(value["image_uri"])

    def mismatch(self, value: Value, allowed: Allowed) -> str | None:
        """Return the reason why this key cannot have this value of the team, or None."""
        return image_mismatch(value["image_uri"], self.uri, allowed)

    @classmethod
    def of(cls, entry: dict[str, Any]) -> ImageKey | None:
        """Return the key that the parts of the entry make; None if they are unknown or make another one."""
        scope, repository, tag, platforms = (entry.get(p) for p in ("scope", "repository", "tag", "platforms"))
        texts = [scope, repository, tag, *(platforms if isinstance(platforms, list) else [None])]
        if not are_texts(texts) or not _TAG.fullmatch(str(tag)) or ":" in "".join(platforms or ()):
            return None
        short = hub.spelled_out(str(repository)) != repository
        key = cls(str(scope), str(repository), str(tag), tuple(platforms or ()), remote=short)
        return key if key.hash == entry[cls.id] else None

    def on_this_machine(self, scope: str) -> list[ImageKey]:
        """Return the keys of a team's key under which Flyte may look for a row, given this machine's own scope."""
        repositories = [self.repository] if self.remote else hub.spellings(self.repository)
        return [replace(self, scope=scope, repository=repository) for repository in repositories]

    @classmethod
    def candidates(cls, scope: str, value: Value) -> list[ImageKey]:
        """Return the keys under which Flyte may have stored this value."""
        repository, _, tag = value["image_uri"].partition("@")[0].rpartition(":")
        names = repository.split("/")
        # A backend that builds images puts its registry before their name.
        repositories = ["/".join(names[n:]) for n in range(len(names))]
        keys = [cls(scope, r, tag, platforms) for r in repositories for platforms in _PLATFORMS]
        return [key.holding(value) for key in keys]
