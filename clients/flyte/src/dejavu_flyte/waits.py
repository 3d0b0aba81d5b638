"""Shows who builds what this process waits for: a line that moves on a terminal, one every half minute in a log."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator

from dejavu_flyte import interrupts, log
from dejavu_flyte.found import Found
from dejavu_flyte.lease import Held, Lease
from dejavu_flyte.log import printable
from dejavu_flyte.turn import Outcome, Why

_EVERY_SECONDS = 30.0
_TICK_SECONDS = 0.2
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_FRAMES = "|/-\\"


class Wait:
    """What a person sees of one wait; nothing before the service says that somebody else builds the image.

    `moving`: whether its line may move, as where nothing else of this process writes to the terminal.
    """

    def __init__(self, image: str, *, moving: bool = True) -> None:
        self._image = image
        self._moves = moving and interrupts.are_meant_for_waits() and os.environ.get("TERM") != "dumb"
        self._held: Held | None = None
        self._told_at = 0.0
        self._over = threading.Event()
        self._shower: threading.Thread | None = None

    def held(self, held: Held) -> None:
        """Show who builds it, as the last answer says."""
        is_first = self._held is None
        self._held, self._told_at = held, time.monotonic()
        if is_first:
            self._shower = threading.Thread(target=self._show, name="dejavu-wait", daemon=True)
            self._shower.start()

    def over(self) -> None:
        """Show nothing more."""
        self._over.set()
        if self._shower:
            self._shower.join(timeout=1)  # it clears its line

    def end(self, outcome: Outcome) -> None:
        """Show how it ended, if there was one."""
        self.over()
        if outcome.held:
            log.say(ending(self._image, outcome, outcome.held))

    def line(self) -> str:
        """Return who builds the image, since when, and how long that takes as a rule."""
        held = self._held or Held("somebody")
        text = f"Waiting for {self._image}: {held.holder} builds it"
        if held.since is not None and held.seconds is not None:
            seconds = held.seconds + time.monotonic() - self._told_at
            since = time.strftime("%H:%M:%S", time.localtime(held.since))
            text += f" since {since}, for {duration(seconds)} now"
        if held.expected is not None:
            text += f", and it usually takes {duration(held.expected)}"
        return text

    def _show(self) -> None:
        with contextlib.suppress(Exception), _turn_of(self) as is_alone:
            if self._moves and is_alone and log.is_shown():
                self._move()
            else:
                self._log()

    def _log(self) -> None:
        hint = " (Ctrl-C builds it here)" if interrupts.are_meant_for_waits() else ""
        while True:
            log.say(self.line() + hint)
            if self._over.wait(_EVERY_SECONDS):
                return

    def _move(self) -> None:
        is_unicode = "utf" in (sys.stderr.encoding or "").lower()
        try:
            for frame in itertools.cycle(_FRAMES if is_unicode else _PLAIN_FRAMES):
                width = shutil.get_terminal_size().columns - 1
                hint = " (Ctrl-C builds it here)"
                text = printable(self.line())[: max(width - len(hint) - 2, 0)]
                sys.stderr.write(f"\r\x1b[2K{frame} {text}{hint}"[: width + 5])
                sys.stderr.flush()
                if self._over.wait(_TICK_SECONDS):
                    return
        finally:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


_moving: Wait | None = None


@contextlib.contextmanager
def _turn_of(wait: Wait) -> Iterator[bool]:
    """Whether no other line moves; there is room for one."""
    global _moving  # noqa: PLW0603
    is_alone = _moving is None
    if is_alone:
        _moving = wait
    try:
        yield is_alone
    finally:
        if is_alone:
            _moving = None


def ending(image: str, outcome: Outcome, held: Held) -> str:
    """Return the line about the end of a wait."""
    waited = f"waited {duration(outcome.seconds)}"
    if isinstance(outcome.got, Found):
        return f"{image} is there, built by {held.holder}: {waited}"
    if isinstance(outcome.got, Lease):
        return f"{held.holder} gave {image} up: {waited}, and it is built here"
    if outcome.why is Why.STOPPED:
        return f"The wait for {image} was interrupted: {waited}, and it is built here"
    reason = outcome.why.value if outcome.why else "there is no answer"
    return f"{held.holder} still builds {image}: {waited}, and it is built here, since {reason}"


def duration(seconds: float) -> str:
    """Return seconds for people, as in 18 s or 3 min 20 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
