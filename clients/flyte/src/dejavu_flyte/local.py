"""Flyte's local cache on this machine, read and written beside Flyte."""

from __future__ import annotations

import importlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dejavu_flyte.keys import Key, Value

_SHORT = 0.1


@dataclass(frozen=True)
class Row:
    """A row of `image_cache` or `bundle_cache`; `created_at` is in seconds since 1970."""

    key: str
    value: Value
    created_at: float


class LocalError(Exception):
    """A file of this machine cannot be used; the text says which one and why."""


def cache() -> LocalCache:
    """Return the cache that the installed Flyte uses with the current configuration.

    Raises:
        LocalError: it cannot be opened
    """
    database = importlib.import_module("flyte._persistence._db").LocalDB
    with _readable("in the home directory"):
        path = Path(database._get_db_path())
    with _readable(str(path)):
        database.initialize_sync()  # creates the tables
    return LocalCache(path)


class Rows:
    """Single rows, in the time that a run has for them."""

    def is_younger(self, key: Key, seconds: float) -> bool:
        """Whether a row that Flyte believes is no older than this."""
        if seconds >= seconds_to_live(type(key)):
            return True
        created_at = cache().created_at(key, timeout=_SHORT)
        return created_at is not None and time.time() - created_at <= seconds

    def keep(self, key: Key, value: Value, age: float) -> None:
        """Insert or replace a row as old as what it says, so that Flyte believes it no longer than that."""
        if age < seconds_to_live(type(key)):
            cache().add(type(key), [Row(key.local_hash, value, time.time() - age)], timeout=_SHORT)

    def remove(self, key: Key) -> None:
        """Delete a row, if the file is not locked."""
        cache().remove(key)


def journal_path() -> Path:
    """Return the path of the journal, beside Flyte's file."""
    return Path(importlib.import_module("flyte._persistence._db").LocalDB._get_db_path()).with_name("dejavu.db")


class LocalCache:
    """Both tables of Flyte's file; its methods raise `LocalError` if the file cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def live(self, kind: type[Key]) -> list[Row]:
        """Return the rows whose TTL has not ended, oldest first."""
        sql = (
            f"select {', '.join(_columns(kind))} from {kind.flyte.table} "  # noqa: S608  (constants, no input)
            "where created_at > ? order by created_at"
        )
        with self._open() as c:
            found = c.execute(sql, (time.time() - seconds_to_live(kind),))
            return [Row(k, dict(zip(kind.members, members, strict=True)), at) for k, at, *members in found]

    def add(self, kind: type[Key], rows: list[Row], timeout: float = 5) -> int:
        """Insert or replace rows; return how many."""
        columns = _columns(kind)
        sql = (
            f"insert or replace into {kind.flyte.table} ({', '.join(columns)}) "  # noqa: S608
            f"values ({', '.join('?' for _ in columns)})"
        )
        with self._open(timeout) as c, c:
            c.executemany(sql, [(r.key, r.created_at, *(r.value[m] for m in kind.members)) for r in rows])
        return len(rows)

    def has(self, key: Key) -> bool:
        """Whether there is a row of this key, expired or not."""
        return self.created_at(key) is not None

    def created_at(self, key: Key, timeout: float = 5) -> float | None:
        """Return when the row of this key was made, in seconds since 1970; None: there is none."""
        with self._open(timeout) as c:
            row = c.execute(f"select created_at {_of(key)}", (key.local_hash,)).fetchone()
            return row[0] if row else None

    def remove(self, key: Key, timeout: float = 0.1) -> bool:
        """Delete the row of this key; return whether there was one."""
        with self._open(timeout) as c, c:
            return c.execute(f"delete {_of(key)}", (key.local_hash,)).rowcount > 0

    @contextmanager
    def _open(self, timeout: float = 5) -> Iterator[sqlite3.Connection]:
        with _readable(str(self._path)), closing(sqlite3.connect(self._path, timeout=timeout)) as c:
            yield c


@contextmanager
def _readable(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, sqlite3.Error) as e:  # RuntimeError: there is no home directory
        raise LocalError(
            f"Flyte's local cache {path} cannot be used: {e}. If it is damaged, `flyte delete local-cache` begins anew"
        ) from e


def seconds_to_live(kind: type[Key]) -> float:
    """Return the TTL of a row in the installed Flyte."""
    return float(getattr(importlib.import_module(kind.flyte.module), kind.flyte.ttl_days)) * 86400


def _of(key: Key) -> str:
    return f"from {key.flyte.table} where {key.flyte.key_column} = ?"


def _columns(kind: type[Key]) -> tuple[str, ...]:
    return (kind.flyte.key_column, "created_at", *kind.members)
