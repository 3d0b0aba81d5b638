"""The team cache within the time that a run may lose to it."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import math
import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dejavu_flyte import log
from dejavu_flyte.connection import ServiceError
from dejavu_flyte.keys import ImageKey, Key, Value
from dejavu_flyte.service import EntryRefused, Service, WriteForbidden
from dejavu_flyte.settings import Settings

_FLUSH_TIMEOUT = 1.0
_SLOW_MISS_BUDGET = 1.0
# Less than Flyte's own check of an image, which takes about 4 s.
_RESOLVE_BUDGET = 3.0
_READ, _WRITE, _FLUSH = range(3)

T = TypeVar("T")


class TeamOff(Exception):
    """The team cache is off, or takes no more requests of this kind in this process."""


@dataclass(order=True)
class _Job:
    priority: int
    number: int
    call: Callable[[Service], Any] = field(compare=False)
    result: Future[Any] = field(compare=False)


class Team:
    """Sends requests to the service from one background thread, over one connection, reads before writes.

    A caller waits for its read for two timeouts at most, one of them for a request already under way; this bounds a
    hanging name server too. The first failure turns the team cache off for the rest of the process, with one line in
    the log. Once misses have cost a second in all, the service is too slow and gets no more lookups.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._numbers = itertools.count()
        self._miss_seconds = 0.0
        self._resolve_seconds = 0.0
        self._read_only = False
        self._off = False
        self._lock = threading.Lock()
        self._jobs: queue.PriorityQueue[_Job] | None = None
        self._begin()
        atexit.register(self.flush)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def find(self, key: Key) -> Value | None:
        """Return the team's value of the key; None: it has none.

        Raises:
            TeamOff: the team cache cannot be used
        """
        if self._off or self._miss_seconds > _SLOW_MISS_BUDGET:
            raise TeamOff
        begin = time.monotonic()
        future = self._submit(_READ, lambda service: service.find(key))
        try:
            found = future.result(timeout=2 * self._settings.timeout)
        except FutureTimeoutError:
            self._turn_off(f"no answer within {self._settings.timeout:g} s")
            raise TeamOff from None
        if found is None:
            self._miss_seconds += time.monotonic() - begin
            if self._miss_seconds > _SLOW_MISS_BUDGET:
                log.warn(
                    "The team cache at %s is slow and gets no more lookups in this run: its misses took %.1f s.",
                    self._settings.public_url,
                    self._miss_seconds,
                )
        return found

    def resolve(self, key: ImageKey) -> Value | None:
        """Have the service check the registry, which may take some seconds; None: it could not tell.

        This uses a connection of its own, so that lookups do not wait for it. The first failure ends registry checks,
        and nothing else, for the rest of the process.

        Raises:
            ImageAbsent: the registry does not have it
            TeamOff: the team cache cannot be used
        """
        if self._off or self._resolve_seconds >= _RESOLVE_BUDGET:
            raise TeamOff
        begin = time.monotonic()
        budget = _RESOLVE_BUDGET - self._resolve_seconds
        try:
            with contextlib.closing(Service(self._settings, timeout=budget)) as service:
                found = service.resolve(key)
        except ServiceError as e:
            self._resolve_seconds = math.inf
            log.debug("The team cache cannot check registries: %s", e)
            raise TeamOff from None
        if found is None:
            self._resolve_seconds += time.monotonic() - begin
        return found

    def put(self, key: Key, value: Value, on_stored: Callable[[], None]) -> None:
        """Send the value in the background; call `on_stored` once the service has stored it."""

        def store(service: Service) -> None:
            if self._read_only:
                return
            try:
                service.put(key, value)
            except EntryRefused as e:
                log.info("The team cache refused %s: %s", value, e)
            except WriteForbidden as e:
                self._read_only = True
                log.info("The team cache is read-only for this run: %s", e)
            else:
                on_stored()

        if not self._off:
            self._submit(_WRITE, store)

    def flush(self) -> None:
        """Wait until the service has all values, for one second at most; return at once if the team cache is off."""
        if self._off or self._jobs is None:
            return
        try:
            self._submit(_FLUSH, lambda _: None).result(timeout=_FLUSH_TIMEOUT)
        except FutureTimeoutError:
            log.info("The team cache may miss entries of this run: sending them took more than %g s", _FLUSH_TIMEOUT)
        except TeamOff:
            pass

    def _turn_off(self, reason: str) -> None:
        """Send no more requests in this process."""
        with self._lock:
            if self._off:
                return
            self._off = True
        log.warn(
            "The team cache at %s is off for this run: %s. Flyte goes on without it.", self._settings.public_url, reason
        )

    def _begin(self) -> queue.PriorityQueue[_Job]:
        jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._jobs = jobs
        threading.Thread(target=self._work, args=(jobs,), name="dejavu", daemon=True).start()
        return jobs

    def _forked(self) -> None:
        """Start again after a fork: the thread, its connection and its queue belong to the parent."""
        self._lock = threading.Lock()
        self._jobs = None

    def _submit(self, priority: int, call: Callable[[Service], T]) -> Future[T]:
        result: Future[T] = Future()
        (self._jobs or self._begin()).put(_Job(priority, next(self._numbers), call, result))
        return result

    def _work(self, jobs: queue.PriorityQueue[_Job]) -> None:
        service: Service | None = None
        with contextlib.suppress(ServiceError):  # the first job reports it
            service = Service(self._settings)
        while True:
            job = jobs.get()
            try:
                if self._off:
                    raise TeamOff  # noqa: TRY301
                service = service or Service(self._settings)
                job.result.set_result(job.call(service))
                continue
            except TeamOff:
                pass
            except ServiceError as e:
                self._turn_off(str(e))
            except Exception as e:  # noqa: BLE001  (a defect of the client must not fail the run)
                self._turn_off(f"{type(e).__name__}: {e}")
            job.result.set_exception(TeamOff())
