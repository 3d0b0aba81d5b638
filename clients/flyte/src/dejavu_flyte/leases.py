"""The leases that this process holds, and when it asks for one."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable

from dejavu_flyte import lease
from dejavu_flyte.image import ImageKey
from dejavu_flyte.keys import Key
from dejavu_flyte.lease import Held, Lease, LeaseService
from dejavu_flyte.limits import OFF_SECONDS
from dejavu_flyte.renewal import Renewal
from dejavu_flyte.turn import Outcome, Turn, Why

_GIVE_BACK_SECONDS = 1.0
# A refusal that comes so soon is no loss.
_QUICK_SECONDS = 0.5


class Leases:
    """Takes leases, `longest` seconds of waiting at most for each; 0: none."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._begin()
        atexit.register(self._end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """Hold nothing, as in a child: the leases are its parent's."""
        self._lock = threading.Lock()
        self._held: dict[str, Renewal] = {}
        self._off_until = 0.0

    @property
    def are_held(self) -> bool:
        """Whether something is built here."""
        return bool(self._held)

    def turn(
        self, key: ImageKey, open_service: Callable[[], LeaseService], on_held: Callable[[Held], None]
    ) -> Turn | None:
        """Return the way to the lease of an image; None: there is none."""
        if time.monotonic() < self._off_until or not self._longest:
            return None
        return Turn(open_service, key, lease.holder(), self._longest, on_held)

    def keep(self, turn: Turn, outcome: Outcome) -> Renewal | None:
        """Renew the lease with which a turn ended, if it did, until its build ends.

        A service that does not answer is not asked for a while, so that not each image waits for it in vain.
        """
        if outcome.why is Why.AWAY or (outcome.why is Why.UNANSWERED and outcome.seconds > _QUICK_SECONDS):
            self._off_until = time.monotonic() + OFF_SECONDS
        if not isinstance(outcome.got, Lease):
            return None
        renewal = Renewal(turn.service(), outcome.got)
        with self._lock:
            self._held[outcome.got.key.local_hash] = renewal
        return renewal

    def ended(self, key: Key) -> Renewal | None:
        """Return the lease under which an image was built, which is renewed no more; None: there is none."""
        with self._lock:
            renewal = self._held.pop(key.local_hash, None)
        if renewal:
            renewal.stop()
        return renewal

    def _end(self) -> None:
        """Give back the leases of builds that this process leaves unfinished."""
        with self._lock:
            left, self._held = list(self._held.values()), {}
        for renewal in left:
            renewal.give_back()
        for renewal in left:
            renewal.give_back(wait=_GIVE_BACK_SECONDS / len(left))
