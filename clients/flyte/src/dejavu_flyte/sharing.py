"""Decides what to look up in the team cache and what to send to it, when Flyte reads and writes its own."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable

from dejavu_flyte import links, log, scopes, summary
from dejavu_flyte.found import Found, bound
from dejavu_flyte.journal import CONFIRMED, HIT, MISS, SHARED, UNANSWERED, WORK, Journal
from dejavu_flyte.keys import BundleKey, ImageKey, Key, Members, Value, why_not_used
from dejavu_flyte.lease import Held
from dejavu_flyte.leases import Leases
from dejavu_flyte.local import LocalError, Rows
from dejavu_flyte.renewal import Renewal
from dejavu_flyte.settings import Settings
from dejavu_flyte.team import Team, TeamOff
from dejavu_flyte.turn import Outcome, Turn

Fingerprint = Callable[[], str | None]
"""Makes the fingerprint of the archive of a bundle; None: there is none."""


class Sharing:
    """Decides for each key.

    A local row that this machine made is a hit, as in Flyte itself. A row that came from the team is looked up again in
    each process, because it would otherwise outlive a deletion in the team cache by up to a day; if the team cache
    cannot be reached, it is a hit too. A miss is a value that does not follow from its key, that nobody verified within
    `max_age`, or a bundle whose archive is not the one that Flyte would make here.
    """

    def __init__(self, team: Team, journal: Journal, settings: Settings, local_rows: Rows) -> None:
        self._team = team
        self._journal = journal
        self._settings = settings
        self._allowed = settings.allowed
        self._local_rows = local_rows
        self._warned = False
        self._missed: dict[str, float] = {}
        self._checked: dict[str, float] = {}
        self._expected_writes: dict[str, Found] = {}

    def warm_up(self, scope: str) -> None:
        """Connect in the background, if there is something to share in a scope."""
        if scopes.why_not_shared(scope, self._allowed.share) is None:
            self._team.warm_up()

    @property
    def is_asked_by_remote_builders(self) -> bool:
        """Whether a remote builder looks an image up before it asks its backend."""
        return self._settings.remote_builder != "off"

    @property
    def leases(self) -> Leases:
        """Those that this process holds."""
        return self._team.leases

    def read(
        self, key: Key, local: Value | None, fingerprint: Fingerprint | None = None, *, linked: bool = False
    ) -> Value | None:
        """Return the value of the key; `local` is the one in the local cache. Both are in Flyte's spelling.

        `fingerprint` is needed for a bundle: without it, the team is not asked. `linked`: an image counts only with a
        link to its build, which is then recorded.
        """
        if key.why_not_shared(self._allowed):
            return local
        if self._settings.skip:
            self._note_miss(key)
            return None
        if local is not None and self._journal.is_own(key):
            return local
        if isinstance(key, BundleKey) and fingerprint is None:
            self._note_miss(key)
            return None
        return self._ask(key, local, fingerprint, linked=linked)

    def _ask(self, key: Key, local: Value | None, fingerprint: Fingerprint | None, *, linked: bool) -> Value | None:
        try:
            found = self._team.find(key, is_held=local is not None)
        except TeamOff:
            self._journal.count(key, UNANSWERED)
            return local if local is not None and self._is_still_usable(key, local, fingerprint) else None
        if found is None or not self._is_usable(key, found, fingerprint) or not self._has_link(key, found, linked):
            self._journal.count(key, MISS)
            if local is not None:
                self._forget(key)
            self._note_miss(key)
            return None
        found = found.to_local(key)
        if local is None:
            self._journal.count(key, HIT)
            self._team.saved(self._journal.work_seconds(type(key)))
            self._team.usage.hit(key, found.cost)
        else:
            self._journal.count(key, CONFIRMED)
            self._team.usage.confirmed(key)
        if linked:  # Flyte writes it then
            self._expected_writes[key.local_hash] = found
        elif found.value != local:
            self._keep(key, found)
        return found.value

    def resolve(self, key: ImageKey) -> Value | None:
        """Have the service check the registry for an image that neither cache has; None: it could not tell.

        Raises:
            ImageAbsent: the registry does not have it
        """
        if self._settings.skip or key.why_not_shared(self._allowed):
            return None
        try:
            found = self._team.resolve(key)
        except TeamOff:
            return None
        return self.takes(key, found) if found else None

    def takes(self, key: ImageKey, found: Found, *, linked: bool = False) -> Value | None:
        """Return the value of an image that came after a miss, in Flyte's spelling; None: it is not believed.

        Flyte writes it into the local cache then. `linked` is as in `read`.
        """
        if not self._is_usable(key, found, None) or not self._has_link(key, found, linked):
            return None
        found = found.to_local(key)
        self._missed.pop(key.local_hash, None)
        self._expected_writes[key.local_hash] = found
        return found.value

    def turn(self, key: ImageKey, on_held: Callable[[Held], None]) -> Turn | None:
        """Return the way to build an image that neither cache has only once; None: this machine builds it anyway."""
        values = [key.uri, *(f"{prefix}/{key.uri}" for prefix in self._allowed.image_prefixes or () if key.remote)]
        if self._settings.skip or key.why_not_shared(self._allowed):
            return None
        if all(key.why_value_not_shared({"image_uri": value}) for value in values):
            return None
        return self._team.turn(key, on_held)

    def waited(self, outcome: Outcome) -> None:
        """Count the time that this run waited for somebody else's build: it is none that asking cost."""
        if outcome.held:
            self._team.usage.awaited(outcome.seconds)
            summary.waited(outcome.seconds)

    def writes_itself(self, key: Key, value: Value) -> bool:
        """Write a value that came from the team, in place of Flyte: as old as it is; whether it was one."""
        found = self._expected_writes.pop(key.local_hash, None)
        if found is None or found.value != value:
            return False
        self._keep(key, found)
        return True

    def on_local_write(
        self, key: Key, value: Value, more: Callable[[], Members | None], *, built: bool = False
    ) -> None:
        """Send the team a value that Flyte wrote into the local cache, and the optional members of its entry.

        It is not sent if `more` returns None. Either way that ends the lease under which it was built.
        """
        renewal = self.leases.ended(key)
        if not self._sends(key, value, more, built, renewal) and renewal:
            renewal.give_back()

    def _sends(
        self, key: Key, value: Value, more: Callable[[], Members | None], built: bool, renewal: Renewal | None
    ) -> bool:
        seconds = self._own_seconds(key, built=built)
        if seconds is not None:
            self._journal.count(key, WORK, seconds)
        self._journal.clear_borrowed(key)
        key = key.holding(value)
        value = key.to_team(value)
        if key.why_not_shared(self._allowed) or key.why_value_not_shared(value):
            return False
        if reason := key.mismatch(value, self._allowed.own):
            log.debug("Not shared: %s of %s: %s", value, key, reason)
            return False
        if (members := more()) is None:
            return False
        if "fingerprint" in members:
            members = members | {"fingerprint": bound(members["fingerprint"], value)}
        cost = {} if seconds is None else {"cost": {"seconds": round(seconds, 3)}}
        on_stored = functools.partial(self._journal.count, key, SHARED)
        return self._team.put(key, value | cost | members, on_stored, renewal)

    def on_check(self, key: ImageKey, seconds: float) -> None:
        """Note how long this machine itself checked an image, whatever came of it."""
        self._checked[key.local_hash] = self._checked.get(key.local_hash, 0.0) + seconds

    def _own_seconds(self, key: Key, *, built: bool) -> float | None:
        """Return how long what a hit spares took since the miss; None: unknown, as for an image built unchecked."""
        missed = self._missed.pop(key.local_hash, None)
        checked = self._checked.pop(key.local_hash, None)
        return checked if checked is not None or missed is None or built else time.monotonic() - missed

    def _note_miss(self, key: Key) -> None:
        self._checked.pop(key.local_hash, None)
        self._missed[key.local_hash] = time.monotonic()

    def _is_usable(self, key: Key, found: Found, fingerprint: Fingerprint | None) -> bool:
        if reason := why_not_used(key, found.value, self._allowed):
            say = log.debug if self._warned else log.warn
            say("The team cache has a value that is not used, %s: %s.", ", ".join(found.value.values()), reason)
            self._warned = True
            return False
        reason = found.why_not_believed(self._settings.max_age)
        if not reason and isinstance(key, BundleKey):
            reason = found.why_another_archive(fingerprint() if fingerprint else None)
        if reason:
            log.info("The team cache has %s, which is not used: %s.", ", ".join(found.value.values()), reason)
        return reason is None

    def _is_still_usable(self, key: Key, local: Value, fingerprint: Fingerprint | None) -> bool:
        """Whether a row that came from the team is a hit without it."""
        try:
            if not self._local_rows.is_younger(key, self._settings.max_age):
                return False
        except LocalError:
            return False
        if isinstance(key, BundleKey):
            borrowed = Found(local, fingerprint=self._journal.fingerprint(key))
            if borrowed.why_another_archive(fingerprint() if fingerprint else None):
                return False
        return why_not_used(key, key.to_team(local), self._allowed) is None

    def _has_link(self, key: Key, found: Found, linked: bool) -> bool:
        if not linked or not links.are_recorded():
            return True
        if found.build_run and links.is_believed(found.build_run, key.scope):
            links.record(key.to_local(found.value)["image_uri"], found.build_run)
            return True
        return self._settings.remote_builder == "any"

    def _keep(self, key: Key, found: Found) -> None:
        with contextlib.suppress(LocalError):
            if self._journal.borrow(key, {key.local_hash: found.fingerprint or ""}):
                self._local_rows.keep(key, found.value, found.age or 0)
            else:
                self._local_rows.remove(key)  # nothing would tell the row from an own one

    def _forget(self, key: Key) -> None:
        with contextlib.suppress(LocalError):
            self._local_rows.remove(key)
