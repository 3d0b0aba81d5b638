"""Takes the lease of an image, or waits for who builds it, within a time."""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from dejavu_flyte import log
from dejavu_flyte.connection import Interrupted, ServiceError
from dejavu_flyte.found import Found
from dejavu_flyte.image import ImageKey
from dejavu_flyte.lease import Held, Lease, LeaseService, NoLeases
from dejavu_flyte.service import WriteForbidden

# The first question, with all that it takes to connect; others may build meanwhile, so it is worth some time.
_ASK_SECONDS = 3.0
# For how long the service keeps an answer back, and how late that may be.
_POLL_SECONDS = 25.0
_LATE_SECONDS = 5.0
# How long failures go on before this machine builds: a service that restarts behind a proxy is there again by then.
_FAILING_SECONDS = 1.5
_PAUSE_SECONDS = 0.25
_MAX_PAUSE_SECONDS = 5.0

ANSWER_SECONDS = 3.0
"""The timeout of the service that a turn opens, beside what it keeps its answers back."""


class Why(Enum):
    """Why nobody's image came, and no lease."""

    UNANSWERED = "the team cache does not say who builds it"
    AWAY = "the team cache does not answer any more"
    LONGEST = "that is as long as DEJAVU_WAIT allows"
    STOPPED = "interrupted"


@dataclass(frozen=True)
class Outcome:
    """How it ended: with what the team has, with a lease, or with neither, so that this machine builds without one.

    `held` is what the last answer said of who built meanwhile; None: nobody did, so there was no wait. `seconds` are
    those of the wait, or of a failure.
    """

    got: Found | Lease | None
    why: Why | None = None
    held: Held | None = None
    seconds: float = 0.0


class _Stopped(Exception):
    pass


class Turn:
    """Asks for the lease of one image until there is the image or the lease, for `longest` seconds at most.

    `on_held` is called with each answer that somebody else builds it.
    """

    def __init__(
        self,
        open_service: Callable[[], LeaseService],
        key: ImageKey,
        holder: str,
        longest: float,
        on_held: Callable[[Held], None],
    ) -> None:
        self._open_service = open_service
        self._key = key
        self._holder = holder
        self._longest = longest
        self._on_held = on_held
        self._lock = threading.Lock()
        self._inbox: queue.SimpleQueue[tuple[int, Found | Lease | Held | Exception] | None] = queue.SimpleQueue()
        self._asked = 0
        self._service: LeaseService | None = None

    def stop(self) -> None:
        """End it at once, from any thread or signal handler."""
        self._inbox.put(None)

    def take(self) -> Outcome:
        """Wait, and return how it ended; a failure is no exception."""
        begin = time.monotonic()
        try:
            answer = self._ask(0.0)
        except _Stopped:
            return Outcome(None, Why.STOPPED)
        except ServiceError as e:
            log.debug("The team cache gives no lease of %s: %s", self._key.uri, e)
            return Outcome(None, Why.UNANSWERED, seconds=time.monotonic() - begin)
        if not isinstance(answer, Held):
            return Outcome(answer)
        held = [answer]
        try:
            got, why = self._wait(held, begin + self._longest)
        except _Stopped:
            got, why = None, Why.STOPPED
        return Outcome(got, why, held[-1], time.monotonic() - begin)

    def service(self) -> LeaseService:
        """Return the connection that it asks over, which whoever gets the lease may go on with."""
        with self._lock:
            self._service = self._service or self._open_service()
            return self._service

    def _wait(self, held: list[Held], end: float) -> tuple[Found | Lease | None, Why | None]:
        failing: float | None = None
        while (left := end - time.monotonic()) > 0:
            self._on_held(held[-1])
            asked, wait = time.monotonic(), min(_POLL_SECONDS, math.ceil(left))
            try:
                answer = self._ask(wait)
            except (NoLeases, WriteForbidden) as e:
                log.debug("The team cache gives no lease of %s any more: %s", self._key.uri, e)
                return None, Why.AWAY
            except ServiceError as e:
                log.debug("Waiting for %s failed: %s", self._key.uri, e)
                failing = failing or time.monotonic()
                if time.monotonic() + _PAUSE_SECONDS > failing + _FAILING_SECONDS:
                    return None, Why.AWAY
                self._pause(_PAUSE_SECONDS)
                continue
            failing = None
            if not isinstance(answer, Held):
                return answer, None
            held.append(answer)
            if (early := asked + wait - time.monotonic()) > 0:  # as from a service that stops, or has many who wait
                self._pause(min(max(answer.again, _PAUSE_SECONDS), early, _MAX_PAUSE_SECONDS))
        return None, Why.LONGEST

    def _ask(self, wait: float) -> Found | Lease | Held:
        """Ask in a thread, so that nothing, as a name lookup that hangs, takes longer than it may."""
        self._asked += 1
        number = self._asked
        threading.Thread(target=self._call, args=(number, wait), name="dejavu-lease", daemon=True).start()
        end = time.monotonic() + (wait + _LATE_SECONDS if wait else _ASK_SECONDS)
        try:
            answer = self._next(number, end)
        except _Stopped:
            self._abandon(number)
            raise
        if answer is None:
            self._abandon(number)
            raise Interrupted("no answer in time")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _next(self, number: int, end: float) -> Found | Lease | Held | Exception | None:
        """Return the answer to a question, or what else ends the wait until `end`."""
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                message = self._inbox.get(timeout=left)
                if message is None:
                    raise _Stopped
                if message[0] == number:
                    return message[1]
        return None

    def _pause(self, seconds: float) -> None:
        self._next(0, time.monotonic() + seconds)

    def _call(self, number: int, wait: float) -> None:
        answer: Found | Lease | Held | Exception
        try:
            within = None if wait else _ASK_SECONDS
            answer = self.service().take(self._key, self._holder, wait=wait, within=within)
        except ServiceError as e:
            answer = e
        except Exception as e:  # noqa: BLE001  (a defect of the client must not fail the run)
            answer = ServiceError(f"{type(e).__name__}: {e}")
        with self._lock:
            if number == self._asked:
                self._inbox.put((number, answer))
                return
        self._return(answer)

    def _abandon(self, number: int) -> None:
        """Have a lease that comes too late given back."""
        with self._lock:
            self._asked = number + 1
        with contextlib.suppress(queue.Empty):
            while message := self._inbox.get_nowait():
                self._return(message[1])

    def _return(self, answer: object) -> None:
        if isinstance(answer, Lease):
            with contextlib.suppress(ServiceError):
                self.service().give_back(answer)
