"""The client's own records on this machine, in a file beside Flyte's local cache."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dejavu_flyte import journal_file, log, summary
from dejavu_flyte.keys import Key

# Flyte's rows expire after a day, so a note about one is useless after two.
_NOTE_SECONDS = 2 * 86400
# What is locked or missing is left alone for so long, so that a run with many keys does not wait for each.
_PAUSE_SECONDS = 1.0

HIT, CONFIRMED, MISS, UNANSWERED = "hit", "confirmed", "miss", "unanswered"
SHARED, WORK = "shared", "work"

T = TypeVar("T")


@dataclass(frozen=True)
class Tally:
    """How often an event happened on this machine, and how many seconds it took in all."""

    n: int = 0
    seconds: float = 0.0


class Journal:
    """Records which local rows came from the team, and counts hits, misses and the time that own work took.

    It raises nothing. While its file cannot be read, the origin of each row is unknown, and nothing is counted. A file
    that is damaged, or not a journal, is moved aside and begun anew; no row that Flyte has by then counts as own.
    """

    def __init__(self, path: Callable[[], Path], timeout: float = 0.1) -> None:
        """Open the file at its first use; `timeout` is in seconds, for a lock of another process."""
        self._path = path
        self._timeout = timeout
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._pause_until = 0.0
        self._problem: str | None = None
        # Once Flyte's folder was deleted under this process, Flyte still reads its old rows.
        self._has_lost_notes = False
        self._made_here: set[tuple[str, str]] = set()
        if hasattr(os, "register_at_fork"):
            # Without the lock, a child could get a connection in the middle of a transaction.
            os.register_at_fork(
                before=self._lock.acquire, after_in_parent=self._lock.release, after_in_child=self._forked
            )

    def is_own(self, key: Key) -> bool:
        """Whether this machine itself made the local row of this key, as far as the journal can tell."""
        row = (key.collection, key.local_hash)
        sql = "select 1 from borrowed where collection = ? and key = ?"
        borrowed = self._do(lambda c: c.execute(sql, row).fetchone() is not None, otherwise=True)
        return not borrowed and (not self._has_lost_notes or row in self._made_here)

    def fingerprint(self, key: Key) -> str | None:
        """Return the fingerprint of the archive to which a borrowed row leads; None: it is unknown."""
        sql = "select fingerprint from borrowed where collection = ? and key = ?"
        row = self._do(lambda c: c.execute(sql, (key.collection, key.local_hash)).fetchone(), otherwise=None)
        return row[0] or None if row else None

    def borrow(self, kind: Key | type[Key], fingerprints: Mapping[str, str]) -> bool:
        """Record that local rows come from the team, before they are written; False if that failed.

        `fingerprints` are those of the rows by key; empty where there is none.
        """
        rows = [(kind.collection, h, time.time(), f) for h, f in fingerprints.items()]

        def note(c: sqlite3.Connection) -> bool:
            c.execute("delete from borrowed where at < ?", (time.time() - _NOTE_SECONDS,))
            c.executemany(
                "insert or replace into borrowed (collection, key, at, fingerprint) values (?, ?, ?, ?)", rows
            )
            return True

        return self._do(note, otherwise=False)

    def clear_borrowed(self, key: Key) -> None:
        """Record that this machine itself made the local row of this key, or that it is gone."""
        row = (key.collection, key.local_hash)
        self._made_here.add(row)
        self._do(lambda c: c.execute("delete from borrowed where collection = ? and key = ?", row), otherwise=None)

    def borrowed(self, kind: type[Key]) -> set[str] | None:
        """Return the keys of all local rows that came from the team; None: unknown."""
        sql = "select key from borrowed where collection = ?"
        return self._do(lambda c: {key for (key,) in c.execute(sql, (kind.collection,))}, otherwise=None)

    def count(self, kind: Key | type[Key], event: str, seconds: float = 0.0) -> None:
        """Count an event, and add the seconds that it took."""
        summary.count(kind.collection, event)
        sql = (
            "insert into tally (collection, what, n, seconds) values (?, ?, 1, ?) "
            "on conflict (collection, what) do update set n = n + 1, seconds = seconds + excluded.seconds"
        )
        self._do(lambda c: c.execute(sql, (kind.collection, event, seconds)), otherwise=None)

    def tally(self, kind: type[Key], event: str) -> Tally:
        """Return the count of an event."""
        sql = "select n, seconds from tally where collection = ? and what = ?"
        row = self._do(lambda c: c.execute(sql, (kind.collection, event)).fetchone(), otherwise=None)
        return Tally(*row) if row else Tally()

    def work_seconds(self, kind: type[Key]) -> float:
        """Return what own work takes on this machine: as measured, or as assumed; 0: unknown."""
        work = self.tally(kind, WORK)
        return work.seconds / work.n if work.n else kind.assumed_seconds

    @property
    def path(self) -> str | None:
        """Where the file is; None: nowhere, as without a home directory."""
        with contextlib.suppress(OSError, RuntimeError):
            return str(self._path())
        return None

    def problem(self) -> str | None:
        """Return the reason why the file cannot be read or written, or None."""
        self._problem, self._pause_until = None, 0.0
        self._do(lambda c: c.execute("begin immediate"), otherwise=None)
        return self._problem

    def _do(self, work: Callable[[sqlite3.Connection], T], *, otherwise: T) -> T:
        with self._lock:
            if time.monotonic() < self._pause_until:
                return otherwise
            try:
                try:
                    return self._attempt(work)
                except sqlite3.DatabaseError as e:
                    if not journal_file.is_damage(e):
                        raise
                    self._begin_anew(e)
                    return self._attempt(work)
            except (OSError, RuntimeError, sqlite3.Error) as e:  # RuntimeError: there is no home directory
                self._close()
                self._pause_until = time.monotonic() + _PAUSE_SECONDS
                self._problem = f"{type(e).__name__}: {e}"
                log.debug("The journal of the team cache cannot be used: %s", e)
                return otherwise

    def _attempt(self, work: Callable[[sqlite3.Connection], T]) -> T:
        path = self._path()
        if self._file and self._file != journal_file.identity(path):
            self._close()
            self._has_lost_notes = True
        if self._connection is None:
            self._file = journal_file.identity(path)
            self._connection = journal_file.connect(path, self._timeout)
            self._file = journal_file.identity(path)
        with self._connection:
            return work(self._connection)

    def _begin_anew(self, reason: Exception) -> None:
        """Move the file aside, unless another process did, and note all rows that Flyte has as borrowed."""
        self._close()
        path = self._path()
        if self._file not in (None, journal_file.identity(path)):
            return
        aside = journal_file.move_aside(path)
        self._file = None
        self._has_lost_notes = True
        log.warn("The journal of the team cache is begun anew: %s. The old one is %s.", reason, aside)
        with contextlib.closing(journal_file.connect(path, self._timeout)) as c, contextlib.suppress(sqlite3.Error):
            journal_file.note_rows(c, path.with_name("cache.db"))

    def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def _forked(self) -> None:
        """Start without a connection: the open one belongs to the parent."""
        self._lock = threading.Lock()
        self._connection = self._file = None
