"""The client's own records on this machine, in a file beside Flyte's local cache."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dejavu_flyte import log, summary
from dejavu_flyte.keys import Key

_SCHEMA = """
create table if not exists borrowed (
    collection text not null, key text not null, at real not null, primary key (collection, key)) without rowid;
create table if not exists tally (
    collection text not null, what text not null, n integer not null, seconds real not null,
    primary key (collection, what)) without rowid;
"""
# Flyte's rows expire after a day, so a note about one is useless after two.
_NOTE_SECONDS = 2 * 86400

HIT, MISS, UNANSWERED, SHARED, WORK = "hit", "miss", "unanswered", "shared", "work"

T = TypeVar("T")


@dataclass(frozen=True)
class Tally:
    """How often an event happened on this machine, and how many seconds it took in all."""

    n: int = 0
    seconds: float = 0.0


class Journal:
    """Records which local rows came from the team, and counts hits, misses and the time that own work took.

    If its file cannot be read or written, the journal raises nothing and does nothing for the rest of the process.
    """

    def __init__(self, path: Callable[[], Path]) -> None:
        self._path = path
        self._usable = True
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """Start without a connection: after a fork, the open one belongs to the parent."""
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def is_borrowed(self, key: Key) -> bool:
        """Whether the local row of this key came from the team."""
        return bool(self._do(lambda c: self._borrowed(c, key.collection, key.local_hash), otherwise=False))

    def borrow(self, kind: Key | type[Key], hashes: Iterable[str]) -> bool:
        """Record that these local rows come from the team, before they are written; False if that failed."""
        rows = [(kind.collection, h, time.time()) for h in hashes]

        def note(c: sqlite3.Connection) -> bool:
            c.executemany("insert or replace into borrowed (collection, key, at) values (?, ?, ?)", rows)
            return True

        return self._do(note, otherwise=False)

    def clear_borrowed(self, key: Key) -> None:
        """Record that this machine itself made the local row of this key."""
        row = (key.collection, key.local_hash)
        self._do(lambda c: c.execute("delete from borrowed where collection = ? and key = ?", row), otherwise=None)

    def borrowed(self, kind: type[Key]) -> set[str]:
        """Return the keys of all local rows that came from the team."""
        sql = "select key from borrowed where collection = ?"
        return self._do(lambda c: {key for (key,) in c.execute(sql, (kind.collection,))}, otherwise=set())

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

    @staticmethod
    def _borrowed(c: sqlite3.Connection, collection: str, key: str) -> bool:
        sql = "select 1 from borrowed where collection = ? and key = ?"
        return c.execute(sql, (collection, key)).fetchone() is not None

    def _do(self, work: Callable[[sqlite3.Connection], T], *, otherwise: T) -> T:
        with self._lock:
            if not self._usable:
                return otherwise
            try:
                path = self._path()
                if self._connection is None or not path.exists():  # Flyte may have deleted its folder
                    self._connection = self._open(path)
                with self._connection:
                    return work(self._connection)
            except (OSError, sqlite3.Error) as e:
                self._usable = False
                log.debug("The journal of the team cache is unusable: %s", e)
                return otherwise

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=0.1, check_same_thread=False)
        # After a power cut, the client looks lost rows up again, so it need not wait for the disk.
        connection.executescript("pragma journal_mode = wal; pragma synchronous = off;" + _SCHEMA)
        connection.execute("delete from borrowed where at < ?", (time.time() - _NOTE_SECONDS,))
        return connection
