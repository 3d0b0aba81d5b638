"""Wraps the functions through which Flyte reads and writes its caches, and extends its image checkers."""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from dejavu_flyte import local, log, summary, support
from dejavu_flyte.journal import Journal
from dejavu_flyte.keys import KINDS, ImageKey, Key, Value
from dejavu_flyte.service import ImageAbsent
from dejavu_flyte.settings import NoUrlError, SettingError, Settings
from dejavu_flyte.sharing import Sharing
from dejavu_flyte.team import Team

R = TypeVar("R")


def install() -> None:
    """Wrap Flyte's cache functions once; if that is impossible, log one warning and wrap nothing."""
    summary.write_at_exit()
    try:
        settings = Settings.load()
        support.check()
    except NoUrlError:
        return
    except SettingError as e:
        log.warn("The team cache is not used: %s.", e)
    except support.UnsupportedFlyteError as e:
        log.warn(
            "The team cache is not used: dejavu-flyte supports Flyte %s to %s, and in Flyte %s %s.",
            support.OLDEST,
            support.NEWEST,
            support.flyte_version(),
            e,
        )
    else:
        if not hasattr(support.function(ImageKey.flyte.module, ImageKey.flyte.read), "__wrapped__"):
            _wrap(settings)


def _wrap(settings: Settings) -> None:
    team, journal = Team(settings), Journal(local.journal_path)
    sharing = Sharing(team, journal, settings.allowed, remove_local=lambda key: local.cache().remove(key))
    _check_before_docker(sharing)
    if settings.remote_builder:
        _look_up_before_the_backend(sharing)
    for kind in KINDS:
        _wrap_cache(kind, sharing)


def _wrap_cache(kind: type[Key], sharing: Sharing) -> None:
    module = importlib.import_module(kind.flyte.module)
    read, write = getattr(module, kind.flyte.read), getattr(module, kind.flyte.write)

    @functools.wraps(read)
    def read_cache(*args: Any, **kwargs: Any) -> Any:
        result = read(*args, **kwargs)

        def shared() -> Any:
            arguments = inspect.signature(read).bind(*args, **kwargs).args
            value = sharing.read(
                kind(support.scope(), *arguments),
                _value(kind, result),
                lambda found: write(*arguments, *(found[member] for member in kind.members)),
            )
            return _result(kind, value)

        return _unless_it_fails(shared, result)

    @functools.wraps(write)
    def write_cache(*args: Any, **kwargs: Any) -> None:
        write(*args, **kwargs)
        built = kind.flyte.check not in (None, sys._getframe(1).f_code.co_name)

        def share() -> None:
            arguments = inspect.signature(write).bind(*args, **kwargs).arguments
            key = kind(support.scope(), *(arguments[name] for name in kind.flyte.arguments))
            sharing.on_local_write(key, {member: arguments[member] for member in kind.members}, built=built)

        _unless_it_fails(share, None)

    setattr(module, kind.flyte.read, read_cache)
    setattr(module, kind.flyte.write, write_cache)


def _value(kind: type[Key], result: str | tuple[str, ...] | None) -> Value | None:
    """Name what Flyte's read function returns: one member as it is, several as a tuple."""
    if not result:
        return None
    return dict(zip(kind.members, (result,) if isinstance(result, str) else result, strict=True))


def _result(kind: type[Key], value: Value | None) -> str | tuple[str, ...] | None:
    """Return a value as Flyte's read function does."""
    if value is None:
        return None
    members = tuple(value[member] for member in kind.members)
    return members if len(members) > 1 else members[0]


def _check_before_docker(sharing: Sharing) -> None:
    persistent: Any = importlib.import_module(ImageKey.flyte.module).PersistentCacheImageChecker

    class TeamRegistryChecker:
        """Has the service check the registry: once for the team, and without Docker and its passwords."""

        @classmethod
        async def image_exists(cls, repository: str, tag: str, arch: tuple[str, ...] = ("linux/amd64",)) -> str | None:
            def resolved() -> str | None:
                value = sharing.resolve(ImageKey(support.scope(), repository, tag, arch))
                return value["image_uri"] if value else None

            try:
                uri = await asyncio.to_thread(_unless_it_fails, resolved, None)
            except ImageAbsent:
                return None  # makes Flyte build the image
            if uri is None:
                raise LookupError(f"No one could tell whether {repository}:{tag} exists")
            return uri

    def team_second(get_checkers: Callable[[Any], list[Any] | None]) -> Callable[[Any], list[Any] | None]:
        @functools.wraps(get_checkers)
        def checkers(self: Any) -> list[Any] | None:
            found = get_checkers(self)
            if not found or found[0] is not persistent:
                return found
            return [persistent, TeamRegistryChecker, *found[1:]]

        return checkers

    docker = importlib.import_module(support.DOCKER_BUILDER).DockerImageBuilder
    for builder in (docker, *docker.__subclasses__()):
        if "get_checkers" in vars(builder):
            builder.get_checkers = team_second(builder.get_checkers)


def _look_up_before_the_backend(sharing: Sharing) -> None:
    builder = importlib.import_module(support.REMOTE_BUILDER).RemoteImageBuilder
    get_checkers = builder.get_checkers

    class TeamImageChecker:
        """Looks an image up in the team cache only, since the remote builder does not read the local one either."""

        @classmethod
        async def image_exists(cls, repository: str, tag: str, arch: tuple[str, ...] = ("linux/amd64",)) -> str | None:
            def shared() -> str | None:
                key = ImageKey(support.scope(), repository, tag, tuple(arch), remote=True)
                value = sharing.read(key, None, lambda _: None)
                if value is None:
                    return None
                sharing.expect_write(key, value)
                return value["image_uri"]

            uri = _unless_it_fails(shared, None)
            if uri is None:
                raise LookupError(f"The team cache has no entry for {repository}:{tag}")
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
    except Exception as e:  # noqa: BLE001  (a defect of the client must not fail the run)
        log.debug("The team cache failed: %s", e)
        return otherwise
