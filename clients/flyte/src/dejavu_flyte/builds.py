"""Has the builders of Flyte build an image only once for a team: who comes later waits for it."""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from dejavu_flyte import interrupts, links, run, support
from dejavu_flyte.keys import ImageKey

if TYPE_CHECKING:
    from dejavu_flyte.sharing import Sharing
    from dejavu_flyte.turn import Outcome, Turn

BuildImage = Callable[..., Awaitable[Any]]

# A builder may call that of its parent class.
_is_building: ContextVar[bool] = ContextVar("_is_building", default=False)


def once(build_image: BuildImage, *, remote: bool) -> BuildImage:
    """Wrap `build_image` of a builder, which Flyte calls when no checker found the image."""

    @functools.wraps(build_image)
    async def build_once(*args: Any, **kwargs: Any) -> Any:
        if _is_building.get():
            return await build_image(*args, **kwargs)
        token = _is_building.set(True)
        try:
            key = run.unless_it_fails(lambda: _key(build_image, args, kwargs, remote), None)
            build = run.unless_it_fails(lambda: _begin(key), None) if key else None
            if build is None:
                return await build_image(*args, **kwargs)
            if uri := await build.uri():
                return run.unless_it_fails(lambda: _built(uri), None) or await build_image(*args, **kwargs)
            try:
                built = await build_image(*args, **kwargs)
            except BaseException:
                build.fails()
                raise
            if not getattr(built, "uri", None):  # Flyte writes nothing then
                build.fails()
            return built
        finally:
            _is_building.reset(token)

    return build_once


class _Build:
    """An image that Flyte is about to build, because nobody has it."""

    def __init__(self, sharing: Sharing, key: ImageKey) -> None:
        from dejavu_flyte.waits import Wait  # noqa: PLC0415

        self._sharing = sharing
        self._key = key
        self._wait = Wait(key.local_uri, moving=not sharing.leases.are_held)
        self._turn = sharing.turn(key, self._wait.held)

    async def uri(self) -> str | None:
        """Return the image that somebody else built meanwhile; None: it is to be built here."""
        if (turn := self._turn) is None:
            return None
        from dejavu_flyte.turn import Outcome, Why  # noqa: PLC0415

        future: Future[Outcome] = Future()
        future.set_running_or_notify_cancel()  # its outcome may be a lease, which somebody has to give back
        failed = Outcome(None, Why.UNANSWERED)
        threading.Thread(
            target=lambda: future.set_result(run.unless_it_fails(turn.take, failed)), name="dejavu-turn", daemon=True
        ).start()
        try:
            with interrupts.ending(turn.stop):
                outcome = await asyncio.wrap_future(future)
        except BaseException:
            turn.stop()
            self._wait.over()
            future.add_done_callback(lambda done: self._abandon(done.result()))
            raise
        return run.unless_it_fails(lambda: self._ended(turn, outcome), None)

    def _abandon(self, outcome: Outcome) -> None:
        if (turn := self._turn) and (renewal := self._sharing.leases.keep(turn, outcome)):
            renewal.give_back()

    def _ended(self, turn: Turn, outcome: Outcome) -> str | None:
        from dejavu_flyte.found import Found  # noqa: PLC0415

        self._wait.end(outcome)
        self._sharing.waited(outcome)
        self._sharing.leases.keep(turn, outcome)
        if not isinstance(outcome.got, Found):
            return None
        value = self._sharing.takes(self._key, outcome.got, linked=self._key.remote)
        return value["image_uri"] if value else None

    def fails(self) -> None:
        """Give the lease back, if there is one."""
        if renewal := run.unless_it_fails(lambda: self._sharing.leases.ended(self._key), None):
            renewal.give_back()


def _key(build_image: BuildImage, args: Any, kwargs: Any, remote: bool) -> ImageKey | None:
    """Return the key of what a call builds; None: Flyte does not keep it, or was told to build it in any case."""
    bound = inspect.signature(build_image).bind(*args, **kwargs)
    bound.apply_defaults()
    given = bound.arguments
    image = given["image"]
    if given["dry_run"] or given["force"] or not given["wait"] or image.name is None:
        return None
    repository = f"{image.registry}/{image.name}" if image.registry else image.name
    return ImageKey(support.scope(), repository, image._final_tag, tuple(image.platform), remote=remote)


def _begin(key: ImageKey) -> _Build | None:
    sharing = run.sharing()
    if sharing is None or (key.remote and not sharing.is_asked_by_remote_builders):
        return None
    return _Build(sharing, key)


def _built(uri: str) -> Any:
    """Return what a builder would."""
    result: Any = importlib.import_module("flyte._build").ImageBuild
    build_run = links.run_of(uri)
    return result(uri=uri, remote_run=None, **({"build_run": build_run} if build_run else {}))
