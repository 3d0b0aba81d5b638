"""Adds the team's checkers to those of Flyte's image builders."""

from __future__ import annotations

import asyncio
import functools
import importlib
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from dejavu_flyte import builds, run, support
from dejavu_flyte.keys import ImageKey

GetCheckers = Callable[[Any], list[Any] | None]


def wrap_docker(module: ModuleType) -> None:
    """Have the builders of this machine ask the service before they check a registry themselves, and build once."""
    docker: Any = vars(module)["DockerImageBuilder"]
    for builder in (docker, *docker.__subclasses__()):
        if "get_checkers" in vars(builder):
            builder.get_checkers = _with_the_registry_checker(builder.get_checkers)
        if "build_image" in vars(builder):
            builder.build_image = builds.once(builder.build_image, remote=False)


def wrap_remote(module: ModuleType) -> None:
    """Have the remote builder look an image up before it asks its backend, build once, and record links."""
    builder: Any = vars(module)["RemoteImageBuilder"]
    builder.get_checkers = _with_the_team_checker(builder.get_checkers)
    build_image = builds.once(builder.build_image, remote=True)

    @functools.wraps(build_image)
    async def build_and_record(*args: Any, **kwargs: Any) -> Any:
        from dejavu_flyte import links  # noqa: PLC0415

        built = await build_image(*args, **kwargs)
        run.unless_it_fails(lambda: links.record_built(built), None)
        return built

    builder.build_image = build_and_record


class TeamRegistryChecker:
    """Has the service check the registry: once for the team, and without Docker and its passwords."""

    @classmethod
    async def image_exists(cls, repository: str, tag: str, arch: tuple[str, ...] = ("linux/amd64",)) -> str | None:
        """Return the URI; None makes Flyte build the image.

        Raises:
            LookupError: makes Flyte ask its next checker
        """

        def resolved() -> str | None:
            from dejavu_flyte.service import ImageAbsent  # noqa: PLC0415

            sharing = run.sharing()
            try:
                value = sharing.resolve(ImageKey(support.scope(), repository, tag, tuple(arch))) if sharing else None
            except ImageAbsent:
                return ""
            return value["image_uri"] if value else None

        uri = await asyncio.to_thread(run.unless_it_fails, resolved, None)
        if uri is None:
            raise LookupError(f"No one could tell whether {repository}:{tag} exists")
        return uri or None


class TeamImageChecker:
    """Looks an image up in the team cache only, since the remote builder does not read the local one either."""

    @classmethod
    async def image_exists(cls, repository: str, tag: str, arch: tuple[str, ...] = ("linux/amd64",)) -> str | None:
        """Return the URI.

        Raises:
            LookupError: makes Flyte ask its backend
        """

        def shared() -> str | None:
            sharing = run.sharing()
            key = ImageKey(support.scope(), repository, tag, tuple(arch), remote=True)
            value = sharing.read(key, None, linked=True) if sharing else None
            return value["image_uri"] if value else None

        uri = run.unless_it_fails(shared, None)
        if uri is None:
            raise LookupError(f"The team cache has no entry for {repository}:{tag}")
        return uri


class _Timed:
    """A checker of Flyte's own; it notes how long each check takes, which is what a hit spares."""

    def __init__(self, checker: Any) -> None:
        self._checker = checker
        self.__name__ = checker.__name__

    async def image_exists(self, repository: str, tag: str, arch: tuple[str, ...] = ("linux/amd64",)) -> str | None:
        """Return or raise what the checker does."""
        begin = time.monotonic()
        try:
            uri: str | None = await self._checker.image_exists(repository, tag, arch)
        finally:
            seconds = time.monotonic() - begin

            def note() -> None:
                if sharing := run.sharing():
                    sharing.on_check(ImageKey(support.scope(), repository, tag, tuple(arch)), seconds)

            run.unless_it_fails(note, None)
        return uri


def _with_the_registry_checker(get_checkers: GetCheckers) -> GetCheckers:
    @functools.wraps(get_checkers)
    def checkers(self: Any) -> list[Any] | None:
        found = get_checkers(self)
        persistent = importlib.import_module(ImageKey.flyte.module).PersistentCacheImageChecker
        if not found or found[0] is not persistent or run.sharing() is None:
            return found
        return [persistent, TeamRegistryChecker, *map(_Timed, found[1:])]

    return checkers


def _with_the_team_checker(get_checkers: GetCheckers) -> GetCheckers:
    @functools.wraps(get_checkers)
    def checkers(self: Any) -> list[Any] | None:
        found = get_checkers(self)
        sharing = run.sharing()
        if not found or not sharing or not sharing.is_asked_by_remote_builders:
            return found
        return [TeamImageChecker, *map(_Timed, found)]

    return checkers
