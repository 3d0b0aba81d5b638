"""What is asked of the team and told to it, around Flyte's own reads and writes."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable

from dejavu_flyte.journal import HIT, MISS, SHARED, WORK, Journal
from dejavu_flyte.keys import ImageKey, Key, Value
from dejavu_flyte.team import Team, TeamOff


class Sharing:
    """Decides for each key.

    A local row that this machine made itself is believed, as Flyte does. A row that came from the team is asked again
    in each process, so that what the team forgot is not believed here for another day; without the team it counts as
    any other local row.
    """

    def __init__(self, team: Team, journal: Journal, remove_local: Callable[[Key], None]) -> None:
        self._team = team
        self._journal = journal
        self._remove_local = remove_local
        self._missed: dict[Key, float] = {}
        self._expected_writes: dict[Key, Value] = {}

    def read(self, key: Key, local: Value | None, write_local: Callable[[Value], None]) -> Value | None:
        """Return what is known under the key, `local` being what this machine knows.

        `write_local` writes a value of the team's into the local cache.
        """
        if key.why_not_shared() or (local is not None and not self._journal.is_borrowed(key)):
            return local
        try:
            found = self._team.find(key)
        except TeamOff:
            return local
        if found is None or key.why_value_not_shared(found):
            self._journal.count(key, MISS)
            self._missed[key] = time.monotonic()
            if local is not None:
                with contextlib.suppress(OSError, sqlite3.Error):
                    self._remove_local(key)
            return None
        if found != local and self._journal.borrow(key, [key.hash]):
            write_local(found)
        if local is None:
            self._journal.count(key, HIT)
        return found

    def resolve(self, key: ImageKey) -> Value | None:
        """Return what the registry told the service of an image that nobody here knows; None: nothing.

        Raises:
            ImageAbsent: the registry does not have it
        """
        if key.why_not_shared():
            return None
        try:
            found = self._team.resolve(key)
        except TeamOff:
            return None
        if found is None or key.why_value_not_shared(found) or not self._journal.borrow(key, [key.hash]):
            return None
        self._missed.pop(key, None)
        self.expect_write(key, found)
        return found

    def expect_write(self, key: Key, value: Value) -> None:
        """Expect that Flyte writes what the team has just said, which is no news to the team."""
        self._expected_writes[key] = value

    def on_local_write(self, key: Key, value: Value, *, built: bool = False) -> None:
        """Tell the team what this machine found out and wrote into its local cache."""
        if self._expected_writes.pop(key, None) == value:
            return
        missed = self._missed.pop(key, None)
        if missed is not None and not built:
            self._journal.count(key, WORK, time.monotonic() - missed)
        self._journal.clear_borrowed(key)
        if key.why_not_shared() or key.why_value_not_shared(value):
            return
        self._team.put(key, value, on_stored=lambda: self._journal.count(key, SHARED))
