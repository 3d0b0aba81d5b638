"""Docker Hub's images, whose names may leave out the registry: `acme/app` is `docker.io/acme/app`."""

from __future__ import annotations

_REGISTRY = "docker.io/"
_OLD_REGISTRY = "index.docker.io/"


def spelled_out(repository: str) -> str:
    """Return a repository with its registry, if it has one: a name without a slash may be that of a local image."""
    if repository.startswith(_OLD_REGISTRY):
        return _REGISTRY + repository.removeprefix(_OLD_REGISTRY)
    registry, slash, _ = repository.partition("/")
    names_a_registry = "." in registry or ":" in registry or registry == "localhost" or registry != registry.lower()
    return repository if names_a_registry or not (registry and slash) else _REGISTRY + repository


def spellings(repository: str) -> list[str]:
    """Return all names of a repository that is spelled out."""
    short = repository.removeprefix(_REGISTRY)
    return [name for name in dict.fromkeys((repository, short)) if spelled_out(name) == repository]


def replaced(uri: str, tagged: str, other: str) -> str:
    """Return a URI, perhaps with a digest, with the one `repository:tag` in place of the other."""
    name, at, digest = uri.partition("@")
    return f"{other}{at}{digest}" if name == tagged else uri
