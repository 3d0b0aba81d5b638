"""Puts itself around the four functions through which Flyte reads and writes its caches, and among its checkers."""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from dejavu_flyte import local, log
from dejavu_flyte.journal import Journal
from dejavu_flyte.keys import KINDS, BundleKey, ImageKey
from dejavu_flyte.service import ImageAbsent
from dejavu_flyte.settings import SettingError, Settings
from dejavu_flyte.sharing import Sharing
from dejavu_flyte.team import Team

OLDEST, NEWEST = "2.3.8", "2.12.1"
"""The Flyte versions that the tests run with, the ones between them being expected to work."""

_SCOPE = "flyte._persistence._db"
_LOCAL = "flyte._internal.imagebuild.docker_builder"
_REMOTE = "flyte._internal.imagebuild.remote_builder"

# Before 2.3.8 the scope came from a file and left out what flyte.init was told: such keys must not be shared.
# What gives it away is that the module did not ask for the configuration.
_EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    **{
        kind.flyte.module: {
            kind.flyte.read: kind.flyte.arguments,
            kind.flyte.write: (*kind.flyte.arguments, *kind.members),
        }
        for kind in KINDS
    },
    _SCOPE: {"_cache_scope": (), "get_init_config": (), "LocalDB._get_db_path": (), "LocalDB.initialize_sync": ()},
    _LOCAL: {"DockerImageBuilder.get_checkers": ("self",)},
    _REMOTE: {"RemoteImageBuilder.get_checkers": ("self",)},
}

R = TypeVar("R")


class UnsupportedFlyteError(Exception):
    """The installed Flyte keeps its caches in another way; the text says what is missing."""


def install() -> None:
    """Wrap Flyte's cache functions, once; what is wrong becomes one warning, and nothing is wrapped."""
    try:
        settings = Settings.of()
        check()
    except SettingError as e:
        log.warn("The team cache is not used: %s.", e)
    except UnsupportedFlyteError as e:
        log.warn(
            "The team cache is not used: dejavu-flyte knows Flyte %s to %s, and in this one (%s) %s.",
            OLDEST,
            NEWEST,
            flyte_version(),
            e,
        )
    else:
        if not hasattr(_function(ImageKey.flyte.module, ImageKey.flyte.read), "__wrapped__"):
            _wrap(settings)


def check() -> None:
    """Look whether the installed Flyte has what is wrapped, with the parameters expected.

    Raises:
        UnsupportedFlyteError: it has not
    """
    for module, functions in _EXPECTED.items():
        for name, expected in functions.items():
            try:
                found = tuple(inspect.signature(_function(module, name)).parameters)
            except (ImportError, AttributeError, TypeError):
                raise UnsupportedFlyteError(f"there is no {module}.{name}") from None
            if found != expected:
                raise UnsupportedFlyteError(f"{module}.{name} takes {', '.join(found) or 'nothing'}")


def flyte_version() -> str:
    """Return the version of the installed Flyte."""
    return str(importlib.import_module("flyte").version())


def scope() -> str:
    """Return `endpoint:project:domain` of the configuration in force."""
    return str(_function(_SCOPE, "_cache_scope")())


def _wrap(settings: Settings) -> None:
    team, journal = Team(settings), Journal(local.journal_path)
    sharing = Sharing(team, journal, remove_local=lambda key: local.cache().remove(key))
    images: Any = importlib.import_module(ImageKey.flyte.module)
    bundles: Any = importlib.import_module(BundleKey.flyte.module)
    read_image, write_image = images._read_image_cache, images._write_image_cache
    read_bundle, write_bundle = bundles._read_bundle_cache, bundles._write_bundle_cache

    @functools.wraps(read_image)
    def read_image_cache(repository: str, tag: str, arch: tuple[str, ...]) -> str | None:
        uri: str | None = read_image(repository, tag, arch)

        def shared() -> str | None:
            value = sharing.read(
                ImageKey(scope(), repository, tag, tuple(arch)),
                {"image_uri": uri} if uri else None,
                lambda found: write_image(repository, tag, arch, found["image_uri"]),
            )
            return value["image_uri"] if value else None

        return _unless_it_fails(shared, uri)

    @functools.wraps(write_image)
    def write_image_cache(repository: str, tag: str, arch: tuple[str, ...], image_uri: str) -> None:
        write_image(repository, tag, arch, image_uri)
        # Two callers write: the check of an image that exists, and the build of one that does not.
        built = sys._getframe(1).f_code.co_name != "image_exists"

        def share() -> None:
            sharing.on_local_write(
                ImageKey(scope(), repository, tag, tuple(arch)), {"image_uri": image_uri}, built=built
            )

        _unless_it_fails(share, None)

    @functools.wraps(read_bundle)
    def read_bundle_cache(digest: str) -> tuple[str, str] | None:
        upload: tuple[str, str] | None = read_bundle(digest)

        def shared() -> tuple[str, str] | None:
            value = sharing.read(
                BundleKey(scope(), digest),
                {"hash_digest": upload[0], "remote_path": upload[1]} if upload else None,
                lambda found: write_bundle(digest, found["hash_digest"], found["remote_path"]),
            )
            return (value["hash_digest"], value["remote_path"]) if value else None

        return _unless_it_fails(shared, upload)

    @functools.wraps(write_bundle)
    def write_bundle_cache(digest: str, hash_digest: str, remote_path: str) -> None:
        write_bundle(digest, hash_digest, remote_path)

        def share() -> None:
            value = {"hash_digest": hash_digest, "remote_path": remote_path}
            sharing.on_local_write(BundleKey(scope(), digest), value)

        _unless_it_fails(share, None)

    _ask_before_docker(sharing)
    if settings.remote_builder:
        _ask_before_the_backend(sharing)
    images._read_image_cache, images._write_image_cache = read_image_cache, write_image_cache
    bundles._read_bundle_cache, bundles._write_bundle_cache = read_bundle_cache, write_bundle_cache


def _ask_before_docker(sharing: Sharing) -> None:
    persistent: Any = importlib.import_module(ImageKey.flyte.module).PersistentCacheImageChecker

    class TeamRegistryChecker:
        """Asks the registry through the service, so once for the team, and without Docker and its passwords."""

        @classmethod
        async def image_exists(cls, repository: str, tag: str, arch: tuple[str, ...] = ("linux/amd64",)) -> str | None:
            def resolved() -> str | None:
                value = sharing.resolve(ImageKey(scope(), repository, tag, tuple(arch)))
                return value["image_uri"] if value else None

            try:
                uri = await asyncio.to_thread(_unless_it_fails, resolved, None)
            except ImageAbsent:
                return None  # which to Flyte means: build it
            if uri is None:
                raise LookupError(f"Nobody says whether there is {repository}:{tag}")
            return uri

    def team_second(get_checkers: Callable[[Any], list[Any] | None]) -> Callable[[Any], list[Any] | None]:
        @functools.wraps(get_checkers)
        def checkers(self: Any) -> list[Any] | None:
            found = get_checkers(self)
            if not found or found[0] is not persistent:
                return found
            return [persistent, TeamRegistryChecker, *found[1:]]

        return checkers

    docker = importlib.import_module(_LOCAL).DockerImageBuilder
    for builder in (docker, *docker.__subclasses__()):
        if "get_checkers" in vars(builder):
            builder.get_checkers = team_second(builder.get_checkers)


def _ask_before_the_backend(sharing: Sharing) -> None:
    builder = importlib.import_module(_REMOTE).RemoteImageBuilder
    get_checkers = builder.get_checkers

    class TeamImageChecker:
        """Asks the team alone: what this machine remembers is not read by the remote builder."""

        @classmethod
        async def image_exists(cls, repository: str, tag: str, arch: tuple[str, ...] = ("linux/amd64",)) -> str | None:
            def shared() -> str | None:
                key = ImageKey(scope(), repository, tag, tuple(arch))
                value = sharing.read(key, None, lambda _: None)
                if value is None:
                    return None
                sharing.expect_write(key, value)
                return value["image_uri"]

            uri = _unless_it_fails(shared, None)
            if uri is None:
                raise LookupError(f"The team does not know {repository}:{tag}")
            return uri

    @functools.wraps(get_checkers)
    def team_first(self: Any) -> list[Any] | None:
        checkers = get_checkers(self)
        return checkers and [TeamImageChecker, *checkers]

    builder.get_checkers = team_first


def _unless_it_fails(share: Callable[[], R], otherwise: R) -> R:
    try:
        return share()
    except ImageAbsent:
        raise
    except Exception as e:  # noqa: BLE001  (a defect of ours is not the run's)
        log.debug("The team cache failed: %s", e)
        return otherwise


def _function(module: str, name: str) -> Any:
    return functools.reduce(getattr, name.split("."), importlib.import_module(module))
