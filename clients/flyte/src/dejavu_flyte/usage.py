"""What a run asked the team cache, how long it waited for answers, what hits saved, and a line about it."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Any

from dejavu_flyte import __version__, scopes
from dejavu_flyte.connection import ServiceError
from dejavu_flyte.keys import Key
from dejavu_flyte.service import Service
from dejavu_flyte.worker import USAGE, TeamOff, Worker

_MAX_REPORTS = 20
_REPORT_SECONDS = 0.3


@dataclass
class _Tally:
    """Counts of one cache and scope.

    `confirmed` are hits on what the machine had from the team, `unpriced` those of which nobody said what they spare.
    """

    asked: int = 0
    hits: int = 0
    confirmed: int = 0
    seconds: float = 0.0
    saved: float = 0.0
    unpriced: int = 0


class Usage:
    """The counts of this process."""

    def __init__(self) -> None:
        self.forget()

    def wanted(self) -> None:
        """Count a lookup that the run would make, if the team cache is not off."""
        self._wanted += 1

    def asked(self, key: Key, seconds: float) -> None:
        """Count a lookup, and how long the run waited for it."""
        with self._lock:
            tally = self._of(key)
            tally.asked += 1
            tally.seconds += seconds

    def waited(self, key: Key, seconds: float) -> None:
        """Count the time that the run waited for a registry check by the service.

        It follows a lookup of the same key; where that was left out, the check is what asked for the key.
        """
        with self._lock:
            tally = self._of(key)
            tally.asked = max(tally.asked, 1)
            tally.seconds += seconds

    def hit(self, key: Key, saved: float | None) -> None:
        """Count a hit, and the seconds that it saved; None: nobody knows."""
        with self._lock:
            tally = self._of(key)
            tally.hits += 1
            tally.saved += saved or 0.0
            tally.unpriced += saved is None

    def confirmed(self, key: Key) -> None:
        """Count a hit on what this machine had before, so that it saved nothing."""
        with self._lock:
            tally = self._of(key)
            tally.hits += 1
            tally.confirmed += 1

    def awaited(self, seconds: float) -> None:
        """Count a wait for an image that somebody else built; it is no time that asking cost."""
        with self._lock:
            self._waits.append(seconds)

    def _reports(self) -> list[dict[str, Any]]:
        """Return what the service wants to know: the counts by cache and scope, of those with the most lookups."""
        most = sorted(self._tallies.items(), key=lambda item: -item[1].asked)[:_MAX_REPORTS]
        client = f"dejavu-flyte/{__version__}"
        return [
            {"cache": cache, "scope": scope, "asked": t.asked, "hits": t.hits, "confirmed": t.confirmed}
            | {"seconds": round(t.seconds, 3), "client": client}
            for (cache, scope), t in most
        ]

    def line(self, off: str | None) -> str | None:
        """Return the line for people; None: nothing was to be asked. `off`: why there are no answers any more."""
        if not self._wanted:
            return None
        tallies = self._tallies.values()
        asked, hits, confirmed, unpriced = (
            sum(getattr(t, name) for t in tallies) for name in ("asked", "hits", "confirmed", "unpriced")
        )
        seconds, saved = sum(t.seconds for t in tallies), sum(t.saved for t in tallies)
        parts = [f"asked {asked} in {seconds:.2f} s, hits {hits}"] if asked else []
        if confirmed:
            parts.append(f"{confirmed} of them confirmed")
        if hits > unpriced:
            parts.append(f"saved {'at least ' if unpriced else ''}{saved:.1f} s")
        if waits := self._waits:
            parts.append(f"waited {sum(waits):.1f} s for {len(waits)} build{'s' if len(waits) > 1 else ''} of others")
        if off:
            parts.append(f"off: {off}")
        return f"Team cache: {', '.join(parts) or 'no answer'}"

    def forget(self) -> None:
        """Count anew, as in a child, which leaves what was counted before the fork to its parent."""
        self._lock = threading.Lock()
        self._tallies: dict[tuple[str, str], _Tally] = {}
        self._waits: list[float] = []
        self._wanted = 0

    def report(self, worker: Worker) -> None:
        """Tell the service; return once it knows, or after a moment."""
        reports = self._reports()
        if not reports:
            return

        def send(service: Service) -> None:
            with contextlib.suppress(ServiceError):  # nobody misses it
                service.report(reports, _REPORT_SECONDS)

        with contextlib.suppress(FutureTimeoutError, TeamOff):
            worker.submit(USAGE, send).result(timeout=_REPORT_SECONDS)

    def _of(self, key: Key) -> _Tally:
        return self._tallies.setdefault((key.collection, scopes.normalised(key.scope)), _Tally())
