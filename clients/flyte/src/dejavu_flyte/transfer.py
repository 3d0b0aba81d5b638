"""Copies whole caches between this machine and the team."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from dejavu_flyte import local, scopes
from dejavu_flyte.found import Found, seconds
from dejavu_flyte.journal import Journal
from dejavu_flyte.keys import BundleKey, Key, Value, why_not_used
from dejavu_flyte.local import LocalCache, LocalError, Row
from dejavu_flyte.service import Busy, Entry, EntryRefused, Service
from dejavu_flyte.values import Allowed

_UNKNOWN = "of unknown parts: of another backend, project or platform, so push with its configuration"

# How long one value waits for a busy service in all, and at least each time.
_BUSY_SECONDS = 60.0
_BUSY_PAUSE = 0.2

OnProgress = Callable[..., None]
"""Called with the number `completed`, and with the `total` if it is known."""


@dataclass
class Report:
    """How many rows were moved, and how many were skipped, by reason."""

    moved: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Transfer:
    """Copies entries between this machine and the team, for the configured scope."""

    service: Service
    cache: LocalCache
    journal: Journal
    scope: str
    allowed: Allowed
    max_age: float

    def push(self, kind: type[Key], on_progress: OnProgress) -> Report:
        """Share the rows that Flyte on this machine still uses.

        Rows borrowed from the team do not go back to it, which would restart their TTL. A row goes only if the
        configured scope (for a bundle, also a scope from its remote path) reproduces its key: nothing else proves that
        it does not belong to a backend on this machine.

        Raises:
            ServiceError: the service failed; it keeps what it stored until then
        """
        report = Report()
        rows = self._own_rows(kind)
        keys = {row.key: _key_of(kind, self.scope, row) for row in rows}
        shared = self.service.lookup(kind, [key.hash for key in keys.values() if key])
        for n, row in enumerate(rows, start=1):
            on_progress(completed=n, total=len(rows))
            key = keys[row.key]
            value = key.to_team(row.value) if key else row.value
            if kind.why_value_not_shared(value) or (key and key.why_not_shared(self.allowed)):
                report.skipped["can be reached from one machine only, or moves"] += 1
            elif key is None:
                report.skipped[_UNKNOWN] += 1
            elif reason := key.mismatch(value, self.allowed.own):
                report.skipped[f"not what its key says: {reason}"] += 1
            elif isinstance(key, BundleKey):
                report.skipped["of unknown files, so without the fingerprint that others need: an upload sends it"] += 1
            elif self._is_shared(key, value, row.created_at, shared.get(key.hash)):
                report.skipped["already shared"] += 1
            else:
                try:
                    self._put(key, value)
                    report.moved += 1
                except EntryRefused as e:
                    report.skipped[f"refused: {e}"] += 1
        return report

    def pull(self, kind: type[Key], limit: int, on_progress: OnProgress) -> Report:
        """Write the team's newest entries into the local cache of Flyte.

        It skips keys for which this machine has a row of its own, overlays (an administrator sees all of them), other
        scopes, values that only another machine can reach, and those that do not follow from the parts of their keys.

        Raises:
            ServiceError: the service failed; nothing was written
        """
        report = Report()
        own = {row.key for row in self._own_rows(kind)}
        rows: list[Row] = []
        fingerprints: dict[str, str] = {}
        entries = 0
        now = time.time()
        for entry in self.service.entries(kind, scope=scopes.normalised(self.scope)):
            if entries == limit:
                break
            on_progress(completed=entries)
            key = kind.of(entry)
            found = Found.of(kind, entry, self.service.at)
            value = found.value
            if entry.get("overlay"):
                report.skipped["of an overlay, so perhaps of a pull request"] += 1
            elif key is None:
                report.skipped["without the parts of its key, so that nothing shows what it is"] += 1
            elif kind.why_value_not_shared(value) or key.why_not_shared(self.allowed):
                report.skipped["can be reached from one machine only, or moves"] += 1
            elif key.scope != scopes.normalised(self.scope):
                report.skipped["of another scope"] += 1
            elif reason := key.mismatch(value, self.allowed):
                report.skipped[f"not what its key says: {reason}"] += 1
            elif reason := found.why_not_believed(min(self.max_age, local.seconds_to_live(kind))):
                report.skipped["not verified for longer than DEJAVU_MAX_AGE, or than Flyte uses a row"] += 1
            elif not (local_keys := [k for k in key.on_this_machine(self.scope) if k.local_hash not in own]):
                report.skipped["already on this machine"] += 1
            else:
                # The local row must not outlive the entry, nor be younger than what verified it.
                left = (seconds(entry["expires_at"]) or 0) - self.service.at
                created_at = now + min(-(found.age or 0), left - local.seconds_to_live(kind))
                rows += [Row(k.local_hash, k.to_local(value), created_at) for k in local_keys]
                fingerprints.update((k.local_hash, found.fingerprint or "") for k in local_keys)
                entries += 1
        if self.journal.borrow(kind, fingerprints):
            self.cache.add(kind, rows)
            report.moved = entries
        else:
            report.skipped[f"the journal cannot be written: {self.journal.problem()}"] += entries
        return report

    def _put(self, key: Key, value: Value) -> None:
        """Store a value; wait for a service that is busy, as with more values in a second than it takes."""
        waited = 0.0
        while (busy := self._refused_for_now(key, value)) is not None:
            pause = max(busy.seconds, _BUSY_PAUSE)
            waited += pause
            if waited > _BUSY_SECONDS:
                raise busy
            time.sleep(pause)

    def _refused_for_now(self, key: Key, value: Value) -> Busy | None:
        try:
            self.service.put(key, value)
        except Busy as e:
            return e
        return None

    def _is_shared(self, key: Key, own: Value, created_at: float, entry: Entry | None) -> bool:
        """Whether the team's entry is as good as the row: the same, or usable and newer."""
        if entry is None:
            return False
        value = {member: entry[member] for member in key.members}
        if value == own:
            return True
        return not why_not_used(key, value, self.allowed) and (seconds(entry["created_at"]) or 0) >= created_at

    def _own_rows(self, kind: type[Key]) -> list[Row]:
        borrowed = self.journal.borrowed(kind)
        if borrowed is None:
            raise LocalError(f"Which rows came from the team is unknown: {self.journal.problem()}")
        return [row for row in self.cache.live(kind) if row.key not in borrowed]


def _key_of(kind: type[Key], scope: str, row: Row) -> Key | None:
    return next((key for key in kind.candidates(scope, row.value) if key.local_hash == row.key), None)
