"""Decides what to look up in the team cache and what to send to it, when Flyte reads and writes its own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from dejavu_flyte import log
from dejavu_flyte.journal import HIT, MISS, SHARED, UNANSWERED, WORK, Journal
from dejavu_flyte.keys import ImageKey, Key, Value, why_not_used
from dejavu_flyte.local import LocalError
from dejavu_flyte.team import Team, TeamOff
from dejavu_flyte.values import Allowed


class Sharing:
    """Decides for each key.

    A local row that this machine made is a hit, as in Flyte itself. A row that came from the team is looked up again in
    each process, because it would otherwise outlive a deletion in the team cache by up to a day; if the team cache
    cannot be reached, it is a hit too. A value that does not follow from its key is a miss, wherever it came from.
    """

    def __init__(self, team: Team, journal: Journal, allowed: Allowed, remove_local: Callable[[Key], object]) -> None:
        self._team = team
        self._journal = journal
        self._allowed = allowed
        self._remove_local = remove_local
        self._warned = False
        self._missed: dict[str, float] = {}
        self._expected_writes: dict[str, Value] = {}

    def read(self, key: Key, local: Value | None, write_local: Callable[[Value], None]) -> Value | None:
        """Return the value of the key; `local` is the one in the local cache.

        `write_local` writes a value from the team into the local cache. All of them are in Flyte's spelling.
        """
        if key.why_not_shared(self._allowed) or (local is not None and self._journal.is_own(key)):
            return local
        try:
            found = self._team.find(key)
        except TeamOff:
            self._journal.count(key, UNANSWERED)
            return local if local is not None and self._is_usable(key, key.to_team(local)) else None
        if found is None or not self._is_usable(key, found):
            self._journal.count(key, MISS)
            self._missed[key.local_hash] = time.monotonic()
            if local is not None:
                self._forget_local(key)
            return None
        found = key.to_local(found)
        if found != local and self._journal.borrow(key, [key.local_hash]):
            write_local(found)
        if local is None:
            self._journal.count(key, HIT)
            self._team.saved(self._journal.work_seconds(type(key)))
        return found

    def resolve(self, key: ImageKey) -> Value | None:
        """Have the service check the registry for an image that neither cache has; None: it could not tell.

        Raises:
            ImageAbsent: the registry does not have it
        """
        if key.why_not_shared(self._allowed):
            return None
        try:
            found = self._team.resolve(key)
        except TeamOff:
            return None
        if found is None or not self._is_usable(key, found):
            return None
        found = key.to_local(found)
        self._journal.borrow(key, [key.local_hash])
        self._missed.pop(key.local_hash, None)
        self.expect_write(key, found)
        return found

    def expect_write(self, key: Key, value: Value) -> None:
        """Expect Flyte to write a value that came from the team, so that it is not sent back."""
        self._expected_writes[key.local_hash] = value

    def on_local_write(self, key: Key, value: Value, *, built: bool = False) -> None:
        """Send the team a value that Flyte wrote into the local cache."""
        if self._expected_writes.pop(key.local_hash, None) == value:
            if not self._journal.borrow(key, [key.local_hash]):
                self._forget_local(key)  # nothing would tell the row from an own one
            return
        missed = self._missed.pop(key.local_hash, None)
        if missed is not None and not built:
            self._journal.count(key, WORK, time.monotonic() - missed)
        self._journal.clear_borrowed(key)
        key = key.holding(value)
        value = key.to_team(value)
        if key.why_not_shared(self._allowed) or key.why_value_not_shared(value):
            return
        if reason := key.mismatch(value, self._allowed.own):
            log.debug("Not shared: %s of %s: %s", value, key, reason)
            return
        self._team.put(key, value, on_stored=lambda: self._journal.count(key, SHARED))

    def _forget_local(self, key: Key) -> None:
        with contextlib.suppress(LocalError):
            self._remove_local(key)

    def _is_usable(self, key: Key, value: Value) -> bool:
        reason = why_not_used(key, value, self._allowed)
        if reason:
            say = log.debug if self._warned else log.warn
            say("The team cache has a value that is not used, %s: %s.", ", ".join(value.values()), reason)
            self._warned = True
        return reason is None
