"""The thread that calls the service."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dejavu_flyte import log
from dejavu_flyte.connection import Interrupted, ServiceError
from dejavu_flyte.limits import Outage
from dejavu_flyte.service import Busy, Service

_T = TypeVar("_T")

READ, WARM_UP, WRITE, USAGE, FLUSH = range(5)

FLUSH_SECONDS = 1.0

_GRACE_SECONDS = 0.15
_MAX_TRIES = 3
_MAX_KEPT = 1000
_MAX_WAIT = 60.0


class TeamOff(Exception):
    """The team cache gives no answer to this request."""


def in_time(call: Callable[[], _T], seconds: float) -> _T:
    """Return what a call returns; it goes on in the background if it is late, as in a name lookup that hangs.

    Raises:
        TimeoutError: of concurrent.futures, it is late
    """
    future: Future[_T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except Exception as e:  # noqa: BLE001  (it is raised where somebody waits)
            future.set_exception(e)

    threading.Thread(target=work, name="dejavu-check", daemon=True).start()
    return future.result(timeout=seconds)


@dataclass(order=True)
class Job:
    """A call of the service; `due` is when to make it again."""

    priority: int
    number: int
    call: Callable[[Service], Any] = field(compare=False)
    result: Future[Any] = field(compare=False, default_factory=Future)
    tries: int = field(compare=False, default=0)
    due: float = field(compare=False, default=0.0)


class Worker:
    """Makes calls in one background thread over one connection, reads before writes.

    A late answer, or a connection that ended, gets one more try. Writes are kept while the service is off or busy.
    """

    def __init__(self, open_service: Callable[[], Service], outage: Outage) -> None:
        self._open_service = open_service
        self._outage = outage
        self._jobs: queue.PriorityQueue[Job] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._kept: list[Job] = []
        self._busy_since: float | None = None
        self.service: Service | None = None
        threading.Thread(target=self._work, name="dejavu", daemon=True).start()

    def submit(self, priority: int, call: Callable[[Service], Any]) -> Future[Any]:
        """Make a call when its turn comes; its result may be the exception `TeamOff`."""
        job = Job(priority, next(self._numbers), call)
        self._jobs.put(job)
        return job.result

    def is_stuck(self, seconds: float) -> bool:
        """Whether one call takes longer than this, as in a name lookup that hangs."""
        return self._busy_since is not None and time.monotonic() - self._busy_since > seconds

    @property
    def is_connected(self) -> bool:
        """Whether the call under way only waits for its answer."""
        return self.service is not None and self.service.connection.is_sent

    @property
    def via(self) -> str:
        """Words for the proxy on the way, if there is one."""
        return self.service.connection.via if self.service else ""

    def _work(self) -> None:
        while True:
            job = self._next()
            if not job.result.running() and not job.result.set_running_or_notify_cancel():
                continue
            if job.priority == FLUSH:
                self._flush(job)
            elif job.priority == WRITE and not self._outage.admits():
                self._keep(job, self._outage.until or 0.0)
            else:
                self._busy_since = time.monotonic()
                self._do(job)
                self._busy_since = None

    def _flush(self, job: Job) -> None:
        if any(kept.due < time.monotonic() + FLUSH_SECONDS for kept in self._kept):
            time.sleep(0.05)
            self._jobs.put(job)
        else:
            job.result.set_result(None)

    def _next(self) -> Job:
        while True:
            now = time.monotonic()
            due = [job for job in self._kept if job.due <= now]
            self._kept = [job for job in self._kept if job.due > now]
            for job in due:
                self._jobs.put(job)
            with contextlib.suppress(queue.Empty):
                return self._jobs.get(timeout=0.5 if self._kept else None)

    def _do(self, job: Job) -> None:
        try:
            self.service = self.service or self._open_service()
            if job.priority == WARM_UP and self._has_next():
                job.result.set_result(None)  # the next request connects as well
                return
            try:
                result = job.call(self.service)
            except Interrupted as e:
                log.debug("The team cache gets another try: %s", e)
                result = job.call(self.service) if job.priority != WARM_UP else None
        except Busy as e:
            log.info("The team cache is busy: %s", e)
            self._fail(job, time.monotonic() + min(max(e.seconds, 1.0), _MAX_WAIT))
        except Exception as e:  # noqa: BLE001  (a defect of the client must not fail the run)
            self._outage.begin(str(e) if isinstance(e, ServiceError) else f"{type(e).__name__}: {e}")
            self._fail(job, self._outage.until or 0.0)
        else:
            if job.priority != WARM_UP or result:
                self._outage.end()
            job.result.set_result(result)

    def _has_next(self) -> bool:
        """Whether a request comes in a moment: for one far away, an answer to a warm-up would stand before it."""
        end = time.monotonic() + _GRACE_SECONDS
        while self._jobs.empty() and time.monotonic() < end:
            time.sleep(0.01)
        return not self._jobs.empty()

    def _fail(self, job: Job, again: float) -> None:
        job.tries += 1
        if job.priority == WRITE and job.tries < _MAX_TRIES:
            self._keep(job, again)
        else:
            if job.priority == WRITE:
                log.info("The team cache misses an entry of this run: sending it failed %d times", job.tries)
            job.result.set_exception(TeamOff())

    def _keep(self, job: Job, until: float) -> None:
        job.due = until
        if len(self._kept) < _MAX_KEPT:
            self._kept.append(job)
