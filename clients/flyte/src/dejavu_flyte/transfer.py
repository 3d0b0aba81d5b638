"""Whole caches from this machine to the team and back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

from dejavu_flyte import local
from dejavu_flyte.journal import Journal
from dejavu_flyte.keys import Key, why_scope_not_shared
from dejavu_flyte.local import LocalCache, Row
from dejavu_flyte.service import Entry, EntryRefused, Service


@dataclass
class Report:
    """What became of the rows: how many were moved, and how many were not, by reason."""

    moved: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


def push(
    service: Service,
    kind: type[Key],
    cache: LocalCache,
    journal: Journal,
    scope: str,
    progress: Callable[[int, int], None],
) -> Report:
    """Tell the team what Flyte on this machine still believes.

    Rows that came from the team do not go back to it, which would make them young again. A row goes only when its key
    can be made again of the configured scope (for a bundle, of the names in its remote path too): nothing else tells
    that it does not belong to a backend on this machine.

    Raises:
        ServiceError: the service failed; what was told until then stays
    """
    report = Report()
    borrowed = journal.borrowed(kind)
    rows = [row for row in cache.live(kind) if row.key not in borrowed]
    known = service.lookup(kind, [row.key for row in rows])
    for n, row in enumerate(rows, start=1):
        progress(n, len(rows))
        key = next((key for key in kind.candidates(scope, row.value) if key.hash == row.key), None)
        if kind.why_value_not_shared(row.value) or (key and key.why_not_shared()):
            report.skipped["can be reached from one machine only, or moves"] += 1
        elif key is None:
            report.skipped["of another backend, project or platform: push with its configuration"] += 1
        elif row.key in known and not _is_news(kind, row, known[row.key]):
            report.skipped["already shared"] += 1
        else:
            try:
                service.put_hash(kind, row.key, row.value | key.parts())
                report.moved += 1
            except EntryRefused as e:
                report.skipped[f"refused: {e}"] += 1
    return report


def pull(
    service: Service,
    kind: type[Key],
    cache: LocalCache,
    journal: Journal,
    scope: str,
    limit: int,
    progress: Callable[[int], None],
) -> Report:
    """Write what the team knows, its newest first, into the local cache of Flyte.

    Left out are what this machine knows itself, what belongs to another scope, and what only another machine can
    reach.

    Raises:
        ServiceError: the service failed; nothing was written
    """
    report = Report()
    mine = {row.key for row in cache.live(kind)} - journal.borrowed(kind)
    rows: list[Row] = []
    now = time.time()
    for entry in service.entries(kind):
        if len(rows) == limit:
            break
        progress(len(rows))
        its_scope = str(entry.get("scope") or "")
        value = {member: entry[member] for member in kind.members}
        if entry[kind.id] in mine:
            report.skipped["already on this machine"] += 1
        elif kind.why_value_not_shared(value) or (its_scope and why_scope_not_shared(its_scope)):
            report.skipped["can be reached from one machine only"] += 1
        elif its_scope not in ("", scope):
            report.skipped["of another scope"] += 1
        else:
            # Flyte must not believe it longer than the team does.
            latest = _seconds(entry["expires_at"]) - local.seconds_to_live(kind)
            rows.append(Row(entry[kind.id], value, min(now, latest)))
    if journal.borrow(kind, [row.key for row in rows]):
        report.moved = cache.add(kind, rows)
    else:
        report.skipped["for want of a journal: its file cannot be written"] += len(rows)
    return report


def _is_news(kind: type[Key], row: Row, entry: Entry) -> bool:
    same = all(row.value[member] == entry[member] for member in kind.members)
    return not same and row.created_at > _seconds(entry["created_at"])


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp()
