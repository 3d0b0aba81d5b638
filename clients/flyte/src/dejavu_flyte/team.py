"""The team cache within the time that a run may lose to it."""

from __future__ import annotations

import atexit
import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

from dejavu_flyte import log, summary
from dejavu_flyte.connection import ServiceError
from dejavu_flyte.credentials import Credentials
from dejavu_flyte.found import Found
from dejavu_flyte.keys import ImageKey, Key, Members
from dejavu_flyte.lease import Held, LeaseService
from dejavu_flyte.leases import Leases
from dejavu_flyte.limits import Budget, Outage
from dejavu_flyte.renewal import Renewal
from dejavu_flyte.service import Busy, EntryRefused, ImageAbsent, Service, WriteForbidden
from dejavu_flyte.settings import Settings
from dejavu_flyte.turn import ANSWER_SECONDS, Turn
from dejavu_flyte.usage import Usage
from dejavu_flyte.worker import FLUSH, FLUSH_SECONDS, READ, WARM_UP, WRITE, TeamOff, Worker, in_time

__all__ = ["Team", "TeamOff"]

# Less than Flyte's own check of an image, which takes about 4 s. No run loses more than this before its end.
_RESOLVE_SECONDS = 3.0
_STUCK_SECONDS = 25.0
# The part of a lookup's time, and the seconds, after which it goes on only if the connection is there.
_CONNECT_SHARE = 0.7
_CONNECT_SECONDS = 2.0


class Team:
    """Asks the service from a background thread, which starts at the first request.

    What lookups cost is compared with what they save: a run never waits for them for more than a second in all, unless
    its timeout is longer. After a failure, with one line in the log, the team cache is off for 30 seconds.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._budget = Budget(settings.timeout)
        self._is_over = False
        self._resolve_seconds = 0.0
        self._silent: set[str] = set()
        self._read_only = False
        self.usage = Usage()
        self.leases = Leases(settings.wait)
        self._begin()
        atexit.register(self._end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """Start without a thread: after a fork, the thread and its connections belong to the parent."""
        self._lock = threading.Lock()
        self._outage = Outage(self._settings.public_url)
        self._credentials: Credentials | None = None
        self._worker: Worker | None = None
        self.usage.forget()

    def warm_up(self) -> None:
        """Connect in the background, so that the first lookup need not wait for that; return at once."""
        if self._outage.until is None:
            self._submit(WARM_UP, lambda service: service.warm_up())

    def find(self, key: Key, *, is_held: bool = False) -> Found | None:
        """Return what the team has for the key; None: it has nothing. `is_held`: this machine has a value already.

        Raises:
            TeamOff: the team cache gives no answer
        """
        self.usage.wanted()
        self._hold_to_the_budget()
        if not self._outage.admits():
            raise TeamOff
        begin, patience = time.monotonic(), self._budget.patience
        worker = self._running()
        future = worker.submit(READ, lambda service: service.find(key, is_held=is_held))
        try:
            return self._wait(future, worker, patience)
        except FutureTimeoutError:
            future.cancel()
            raise TeamOff from None
        finally:
            seconds = time.monotonic() - begin
            self._budget.spend(seconds)
            self.usage.asked(key, seconds)

    def _wait(self, future: Future[Found | None], worker: Worker, patience: float) -> Found | None:
        """Wait for an answer; if there is no connection yet, leave some time for later lookups over it."""
        connecting = min(patience * _CONNECT_SHARE, _CONNECT_SECONDS)
        try:
            return future.result(timeout=connecting)
        except FutureTimeoutError:
            if not worker.is_connected:
                self._outage.begin(f"no connection{worker.via} within {connecting:.2g} s", pending=True)
                raise
        try:
            return future.result(timeout=patience - connecting)
        except FutureTimeoutError:
            self._outage.begin(f"no answer{worker.via} within {patience:.2g} s")
            raise

    def _hold_to_the_budget(self) -> None:
        service = self._worker.service if self._worker else None
        answer = service.connection.answer_seconds if service else 0.0
        if not self._budget.allows(answer):
            if not self._is_over:
                self._is_over = True
                log.warn(
                    "The team cache at %s is slow and gets no more lookups in this run: "
                    "it took %.1f s and saved %.1f s.",
                    self._settings.public_url,
                    self._budget.cost,
                    self._budget.saved,
                )
            raise TeamOff
        connection = service.connection if service else None
        if connection and not connection.is_open and connection.connect_seconds + answer > self._budget.patience:
            self.warm_up()
            raise TeamOff

    def saved(self, seconds: float) -> None:
        """Count the work that the last lookup, a hit, saved; 0: unknown."""
        self._budget.save(seconds)

    def resolve(self, key: ImageKey) -> Found | None:
        """Have the service check the registry, which may take some seconds; None: it could not tell.

        Lookups do not wait for it. A registry that tells nothing, or a failure, counts as what lookups cost;
        together they cost three seconds at most, as there are no more of them after one. Such a registry is not
        asked again.

        Raises:
            ImageAbsent: the registry does not have it
            TeamOff: the team cache gives no answer
        """
        registry = key.repository.partition("/")[0]
        service = self._worker.service if self._worker else None
        within = _RESOLVE_SECONDS - max(self._resolve_seconds, self._budget.loss)
        if service is None or self._outage.until is not None or within <= 0 or registry in self._silent:
            raise TeamOff
        self._hold_to_the_budget()
        begin = time.monotonic()
        told = False
        try:
            found = in_time(lambda: service.resolve(key, within), within)
            told = found is not None
        except ImageAbsent:
            told = True
            raise
        except (ServiceError, FutureTimeoutError) as e:
            if not isinstance(e, Busy):
                self._resolve_seconds = math.inf
            log.debug("The team cache cannot check registries: %s", e or "no answer in time")
            raise TeamOff from None
        finally:
            seconds = time.monotonic() - begin
            self.usage.waited(key, seconds)
            if told:
                self._budget.save(key.assumed_seconds - seconds)
            else:
                self._budget.spend(seconds)
                self._resolve_seconds += seconds
                self._silent.add(registry)
        return found

    def turn(self, key: ImageKey, on_held: Callable[[Held], None]) -> Turn | None:
        """Return the way to the lease of an image; None: there is none.

        It costs no lookups, however long it takes. A service that does not answer it is asked for no more leases.
        """
        if self._read_only or self._outage.until is not None:
            return None
        return self.leases.turn(key, lambda: LeaseService(self._settings, ANSWER_SECONDS, self._shared()), on_held)

    def put(self, key: Key, value: Members, on_stored: Callable[[], None], renewal: Renewal | None = None) -> bool:
        """Send the value in the background; call `on_stored` once the service has stored it; whether it may be sent.

        `renewal` is that of the lease under which it was built.
        """
        token = renewal.lease.token if renewal and renewal.lease.key.hash == key.hash else None

        def store(service: Service) -> None:
            stored = False
            try:
                service.put(key, value, token)
                stored = True
            except EntryRefused as e:
                log.info("The team cache refused %s: %s", value, e)
            except WriteForbidden as e:
                self._read_only = True
                log.info("The team cache is read-only for this run: %s", e)
            if stored:
                on_stored()
            if renewal:
                renewal.done() if stored and token else renewal.give_back()

        if self._read_only:
            return False
        self._submit(WRITE, lambda service: None if self._read_only else store(service))
        return True

    def flush(self) -> bool:
        """Wait until the service has all values, for one second at most; return whether nothing is under way.

        Return at once if the team cache is off.
        """
        if self._worker is None or self._outage.until is not None:
            return True
        try:
            self._worker.submit(FLUSH, lambda _: None).result(timeout=FLUSH_SECONDS)
        except FutureTimeoutError:
            log.info("The team cache may miss entries of this run: sending them took more than %g s", FLUSH_SECONDS)
            return False
        return True

    def _end(self) -> None:
        """Send what is left and what asking cost, and say what it brought."""
        is_flushed = self.flush()
        if self._worker and self._outage.until is None:
            self.usage.report(self._worker)
        if summary.is_wanted() and (line := self.usage.line(self._why_off(is_flushed))):
            log.say(line)

    def _why_off(self, is_flushed: bool) -> str | None:
        """Return why the run ends without the team cache; None: it ends with it."""
        if self._outage.until is not None:
            return self._outage.reason
        if self._is_over:
            return "it is slow"
        return None if is_flushed else f"sending entries took more than {FLUSH_SECONDS:g} s"

    def _submit(self, priority: int, call: Callable[[Service], Any]) -> Future[Any]:
        return self._running().submit(priority, call)

    def _running(self) -> Worker:
        with self._lock:
            if self._worker is None or self._worker.is_stuck(_STUCK_SECONDS + 4 * self._settings.timeout):
                self._worker = Worker(lambda: Service(self._settings, credentials=self._shared()), self._outage)
            return self._worker

    def _shared(self) -> Credentials:
        self._credentials = self._credentials or Credentials(self._settings)
        return self._credentials
