"""Ctrl-C on a terminal: the first one ends all waits for others, so that this machine builds."""

from __future__ import annotations

import contextlib
import functools
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType
from typing import Any

_stops: list[Callable[[], None]] = []
_before: Any = None
_depth = 0


def are_meant_for_waits() -> bool:
    """Whether a person sees that Ctrl-C ends a wait."""
    with contextlib.suppress(Exception):
        return sys.stderr.isatty()
    return False


def wrap(module: ModuleType) -> None:
    """Listen where the main thread waits for the thread in which Flyte does its work."""
    loop: Any = vars(module)["_BackgroundLoop"]
    call, aio = loop.call_in_loop_sync, loop.aio

    @functools.wraps(call)
    def call_and_listen(self: Any, *args: Any, **kwargs: Any) -> Any:
        with listening():
            return call(self, *args, **kwargs)

    @functools.wraps(aio)
    async def aio_and_listen(self: Any, *args: Any, **kwargs: Any) -> Any:
        with listening():
            return await aio(self, *args, **kwargs)

    loop.call_in_loop_sync, loop.aio = call_and_listen, aio_and_listen


@contextlib.contextmanager
def ending(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first Ctrl-C of this time, in a signal handler."""
    _stops.append(stop)
    try:
        with listening():
            yield
    finally:
        with contextlib.suppress(ValueError):
            _stops.remove(stop)


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Have Ctrl-C end waits, if this is the main thread, which alone may handle signals."""
    global _before, _depth  # noqa: PLW0603
    if threading.current_thread() is not threading.main_thread() or not are_meant_for_waits():
        yield
        return
    if _depth == 0:
        _before = signal.getsignal(signal.SIGINT)
        if not callable(_before):  # ignored, or of an embedding program
            yield
            return
        signal.signal(signal.SIGINT, _on_interrupt)
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if _depth == 0 and signal.getsignal(signal.SIGINT) is _on_interrupt:
            signal.signal(signal.SIGINT, _before)


def _on_interrupt(number: int, frame: FrameType | None) -> None:
    stops = _stops[:]
    _stops.clear()
    for stop in stops:
        stop()
    if not stops:
        _before(number, frame)
