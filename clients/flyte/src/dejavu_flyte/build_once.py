"""Runs a command that builds an image, unless the team has the image, or somebody else builds it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType

from dejavu_flyte import interrupts, log
from dejavu_flyte.connection import ServiceError
from dejavu_flyte.credentials import Credentials
from dejavu_flyte.found import Found
from dejavu_flyte.keys import ImageKey, why_not_used
from dejavu_flyte.lease import LeaseService
from dejavu_flyte.leases import Leases
from dejavu_flyte.renewal import Renewal
from dejavu_flyte.service import ImageAbsent, Service
from dejavu_flyte.settings import NoUrlError, Settings
from dejavu_flyte.turn import ANSWER_SECONDS, Outcome, Turn
from dejavu_flyte.waits import Wait, duration

# For the service to check the registry, before a build that takes minutes.
_RESOLVE_SECONDS = 10.0
_PUT_SECONDS = 10.0
_GIVE_BACK_SECONDS = 3.0

CANNOT_RUN, NOT_FOUND, SIGNAL = 126, 127, 128
"""Exit codes of a command that cannot be run, that is not there, and what a signal is added to, as in a shell."""

_FORWARDED = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name)]


class _Signalled(BaseException):
    """A signal ends this program before its command runs."""

    def __init__(self, number: int) -> None:
        self.number = number


def build_once(key: ImageKey, command: tuple[str, ...]) -> int:
    """Return the exit code: that of the command, or 0 if the image is there without it."""
    renewal: Renewal | None = None
    try:
        with _handling(_end):
            team = _team(key)
            if team and not team.settings.skip:
                is_there, renewal = team.ask()
                if is_there:
                    return 0
    except _Signalled as e:
        return SIGNAL + e.number
    begin = time.monotonic()
    status = 1
    try:
        status = run(command)
    finally:
        if status and renewal:
            renewal.give_back(wait=_GIVE_BACK_SECONDS)
    if status == 0 and team:
        team.tell(time.monotonic() - begin, renewal)
    return status


@dataclass
class _Team:
    """What the team knows about one image."""

    key: ImageKey
    settings: Settings
    credentials: Credentials

    def ask(self) -> tuple[bool, Renewal | None]:
        """Return whether the image is there, perhaps after a wait; if not, the lease under which to build it."""
        there = f"{self.key.uri} is there: nothing to build"
        if self._is_found():
            log.say(there)
            return True, None
        wait, leases = Wait(self.key.uri), Leases(self.settings.wait)
        turn = leases.turn(self.key, lambda: LeaseService(self.settings, ANSWER_SECONDS, self.credentials), wait.held)
        if turn is None:
            return False, None
        outcome = self._take(turn, wait)
        if isinstance(outcome.got, Found) and self._is_believed(outcome.got):
            if not outcome.held:
                log.say(there)
            return True, None
        if outcome.got is None and outcome.held is None:
            log.say(f"{self.key.uri} is built here, since {outcome.why.value if outcome.why else 'nobody knows it'}")
        return False, leases.keep(turn, outcome)

    def _take(self, turn: Turn, wait: Wait) -> Outcome:
        try:
            with interrupts.ending(turn.stop):
                outcome = turn.take()
        except BaseException:
            turn.stop()
            wait.over()
            raise
        wait.end(outcome)
        return outcome

    def _is_found(self) -> bool:
        """Whether the team has the image, or the service finds it in its registry."""
        try:
            with contextlib.closing(Service(self.settings, ANSWER_SECONDS, self.credentials)) as service:
                found = service.resolve(self.key, _RESOLVE_SECONDS)
        except ImageAbsent:
            return False
        except ServiceError as e:
            log.debug("The team cache cannot check registries: %s", e)
            return False
        return found is not None and self._is_believed(found)

    def _is_believed(self, found: Found) -> bool:
        allowed, max_age = self.settings.allowed, self.settings.max_age
        reason = why_not_used(self.key, found.value, allowed) or found.why_not_believed(max_age)
        if reason:
            log.warn("The team cache has a value that is not used, %s: %s.", found.value["image_uri"], reason)
        return reason is None

    def tell(self, seconds: float, renewal: Renewal | None) -> None:
        """Tell the team that the image is there; a failure is a line, since it is there all the same."""
        value = {"image_uri": self.key.uri, "cost": {"seconds": round(seconds, 3)}}
        built = f"{self.key.uri} was built in {duration(seconds)}"
        try:
            with contextlib.closing(Service(self.settings, _PUT_SECONDS, self.credentials)) as service:
                service.put(self.key, value, renewal.lease.token if renewal else None)
        except ServiceError as e:
            log.say(f"{built}, and the team cache does not know it: {e}")
            if renewal:
                renewal.give_back(wait=_GIVE_BACK_SECONDS)
            return
        if renewal:
            renewal.done()
        log.say(f"{built}, and the team has it")


def _team(key: ImageKey) -> _Team | None:
    """Return the team; None: it has nothing to do with the image, and a line says why."""
    try:
        settings = Settings.load()
        if reason := key.why_not_shared(settings.allowed) or key.why_value_not_shared({"image_uri": key.uri}):
            log.say(f"{key.uri} is built here, since it is never shared: {reason}")
            return None
        return _Team(key, settings, Credentials(settings))
    except (NoUrlError, ServiceError) as e:
        log.say(f"{key.uri} is built here, since the team cache is not used: {e}")
        return None


def run(command: tuple[str, ...]) -> int:
    """Run a command, with the signals that this process gets, and return its exit code as a shell does."""
    process: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def forward(number: int, _: FrameType | None) -> None:
        if process is None:
            early.append(number)
        elif number != signal.SIGINT or not _has_terminal():  # which tells the command itself
            process.send_signal(number)

    with _handling(forward):
        try:
            process = subprocess.Popen(command)  # noqa: S603  (it is what the user wants to run)
        except OSError as e:
            log.say(f"{command[0]}: {e.strerror or e}")
            return NOT_FOUND if isinstance(e, FileNotFoundError) else CANNOT_RUN
        for number in early:
            process.send_signal(number)
        status = process.wait()
    return SIGNAL - status if status < 0 else status


@contextlib.contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _FORWARDED}
    try:
        for number in _FORWARDED:
            if before[number] != signal.SIG_IGN:  # as of nohup
                signal.signal(number, handler)
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _end(number: int, _: FrameType | None) -> None:
    raise _Signalled(number)


def _has_terminal() -> bool:
    """Whether Ctrl-C goes to all programs in front of a terminal, and so to the command too."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.isatty(sys.stdin.fileno()) or os.isatty(sys.stderr.fileno())
    return False
