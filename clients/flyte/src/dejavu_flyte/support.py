"""The functions of Flyte that the client wraps and calls, and the versions that have them."""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import Any

from dejavu_flyte.keys import BundleKey, ImageKey, Key

OLDEST, NEWEST = "2.3.8", "2.12.1"
"""The oldest and the newest Flyte that the tests run with; the versions between them should work too."""

SCOPE = "flyte._persistence._db"
DOCKER_BUILDER = "flyte._internal.imagebuild.docker_builder"
SYNC = "flyte.syncify._api"
REMOTE_BUILDER = "flyte._internal.imagebuild.remote_builder"

# Functions of which only the first parameters matter.
_MAY_TAKE_MORE = {
    "list_files_to_bundle": ("source", "deref_symlinks"),
    "list_relative_files_to_bundle": ("relative_paths", "source"),
    "create_bundle": ("source", "output_dir", "ls", "ls_digest"),
}


def _cache_of(kind: type[Key]) -> dict[str, tuple[str, ...]]:
    return {
        kind.flyte.read: kind.flyte.arguments,
        kind.flyte.write: (*kind.flyte.arguments, *kind.members),
    }


# Before 2.3.8, Flyte read the scope from a file and ignored the arguments of flyte.init: such keys must not be shared.
# Those versions have no get_init_config in this module, so check() rejects them.
_EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    ImageKey.flyte.module: _cache_of(ImageKey),
    BundleKey.flyte.module: {**_cache_of(BundleKey), **_MAY_TAKE_MORE},
    SCOPE: {"_cache_scope": (), "get_init_config": (), "LocalDB._get_db_path": (), "LocalDB.initialize_sync": ()},
    DOCKER_BUILDER: {"DockerImageBuilder.get_checkers": ("self",)},
    REMOTE_BUILDER: {"RemoteImageBuilder.get_checkers": ("self",)},
}


class UnsupportedFlyteError(Exception):
    """The installed Flyte keeps its caches in another way; the text names what is missing."""


def check() -> None:
    """Check that the installed Flyte has all functions that the client needs, with the expected parameters.

    Raises:
        UnsupportedFlyteError: it does not
    """
    for module in _EXPECTED:
        check_module(module)


def check_module(module: str) -> None:
    """Check the functions of one module, which this imports.

    Raises:
        UnsupportedFlyteError: one is missing, or takes other parameters
    """
    for name, expected in _EXPECTED[module].items():
        try:
            found = tuple(inspect.signature(function(module, name)).parameters)
        except (ImportError, AttributeError, TypeError):
            raise UnsupportedFlyteError(f"there is no {module}.{name}") from None
        if found[: len(expected)] != expected or (found != expected and name not in _MAY_TAKE_MORE):
            raise UnsupportedFlyteError(f"{module}.{name} takes {', '.join(found) or 'nothing'}")


def flyte_version() -> str:
    """Return the version of the installed Flyte."""
    return str(importlib.import_module("flyte").version())


def scope() -> str:
    """Return `endpoint:project:domain` of the current configuration."""
    return str(function(SCOPE, "_cache_scope")())


def function(module: str, name: str) -> Any:
    """Return a function of a module, or of a class in it, as `Class.function`."""
    return functools.reduce(getattr, name.split("."), importlib.import_module(module))
