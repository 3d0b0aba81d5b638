"""The file of the journal: its tables, and what to do with one that is damaged."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

from dejavu_flyte.keys import KINDS

# The first two columns are the primary key.
_TABLES = {
    "borrowed": {"collection": "text", "key": "text", "at": "real", "fingerprint": "text"},
    "tally": {"collection": "text", "what": "text", "n": "integer", "seconds": "real"},
}


class _DamagedError(sqlite3.DatabaseError):
    pass


def connect(path: Path, timeout: float) -> sqlite3.Connection:
    """Open the file, and make its tables if it is new; `timeout` is in seconds, for a lock of another process.

    Raises:
        sqlite3.Error: it cannot be opened; `is_damage` tells whether it is damaged, or no journal
    """
    if path.is_dir():
        raise _DamagedError("it is a folder")
    connection = sqlite3.connect(path, timeout=timeout, check_same_thread=False)
    try:
        _prepare(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    # No WAL: it needs memory that network file systems do not share. Earlier versions used it.
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("pragma journal_mode = truncate")
    # After a power cut, the client looks lost rows up again, so it need not wait for the disk.
    connection.execute("pragma synchronous = off")
    for table, columns in _TABLES.items():
        definition = ", ".join(f"{name} {kind} not null" for name, kind in columns.items())
        keys = list(columns)[:2]
        connection.execute(
            f"create table if not exists {table} ({definition}, primary key ({', '.join(keys)})) without rowid"
        )
        found = set(connection.execute("select name, pk > 0 from pragma_table_info(?)", (table,)))
        if not found >= {(name, name in keys) for name in columns}:
            raise _DamagedError("its tables are not those of a journal")


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is damaged, or no journal: more than locked, full or read-only."""
    # Python has no other class for SQLITE_CORRUPT and SQLITE_NOTADB; locks and full disks have subclasses.
    return type(error) in (sqlite3.DatabaseError, _DamagedError)


def move_aside(path: Path) -> Path:
    """Give the file, and what SQLite keeps beside it, another name, and return that."""
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    for suffix in ("", "-journal", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(aside.with_name(aside.name + suffix))
    return aside


def note_rows(connection: sqlite3.Connection, cache: Path) -> None:
    """Note all rows in Flyte's file as borrowed: nothing shows any more which of them are own ones."""
    if not cache.exists():
        return
    with connection as c:
        c.execute("attach ? as flyte", (str(cache),))
        for kind in KINDS:
            rows = f"select ?, {kind.flyte.key_column}, ?, '' from flyte.{kind.flyte.table}"  # noqa: S608  (constants)
            c.execute(
                f"insert or ignore into borrowed (collection, key, at, fingerprint) {rows}",
                (kind.collection, time.time()),
            )


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one of the same name; None: there is none."""
    with contextlib.suppress(FileNotFoundError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None
