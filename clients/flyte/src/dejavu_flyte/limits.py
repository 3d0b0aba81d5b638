"""What a run may lose to the team cache, and when it is asked again after a failure."""

from __future__ import annotations

import threading
import time

from dejavu_flyte import log

# Lookups together, and registry checks that told nothing, less what was saved.
_MAX_LOSS = 1.0
# A lookup leaves a part of that for later ones.
_SHARE = 0.9

OFF_SECONDS = 30.0
"""For how long a service that failed is left alone."""


class Budget:
    """The seconds that a run lost to the team cache and saved by it.

    Lookups keep the difference below one, or two of a longer timeout. Registry checks may make it larger.
    """

    def __init__(self, timeout: float) -> None:
        self._bound = max(_MAX_LOSS, 2 * timeout)
        self._last = 0.0
        self.cost = 0.0
        self.saved = 0.0

    @property
    def patience(self) -> float:
        """How long the next lookup may take."""
        return min(self._bound, _SHARE * (self._bound - self.cost + self.saved))

    @property
    def loss(self) -> float:
        """How much more it cost than it saved."""
        return max(self.cost - self.saved, 0.0)

    def allows(self, expected: float) -> bool:
        """Whether a lookup that takes as long as expected, and saves nothing, is no greater loss than allowed."""
        return self.cost - self.saved + expected <= _MAX_LOSS

    def spend(self, seconds: float) -> None:
        """Count what a lookup took, or a registry check that told nothing."""
        self._last = seconds
        self.cost += seconds

    def save(self, seconds: float) -> None:
        """Count the work that the last lookup saved; 0: unknown, so that it neither gains nor loses."""
        self.saved += seconds or self._last


class Outage:
    """Whether the team cache is off: for 30 seconds after a failure; then one caller tries, and a success ends it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._said = False
        self.reason = ""
        self.until: float | None = None

    def admits(self) -> bool:
        """Whether this caller may use the team cache, perhaps as the one who tries whether it works again."""
        with self._lock:
            if self.until is None:
                return True
            now = time.monotonic()
            if now < self.until:
                return False
            self.until = now + OFF_SECONDS
            return True

    def begin(self, reason: str, *, pending: bool = False) -> None:
        """Turn the team cache off; only the first time is a line that a person sees.

        Args:
            reason: of the failure
            pending: whether it may still connect, which ends this
        """
        with self._lock:
            again = self.until is not None
            self.reason = reason
            self.until = time.monotonic() + OFF_SECONDS
            say, self._said = (log.debug if again else log.info if self._said else log.warn), True
        how_long = "until it is connected" if pending else f"for {OFF_SECONDS:g} s"
        say("The team cache at %s is off %s: %s. Flyte goes on without it.", self._url, how_long, reason)

    def end(self) -> None:
        """Turn it on again."""
        if self.until is not None:
            self.until = None
            log.info("The team cache at %s works again.", self._url)
