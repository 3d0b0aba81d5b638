"""The time that one call may take."""

from __future__ import annotations

import math
import time
from typing import Any

CONNECT_SECONDS = 5.0


class Watch:
    """Bounds one call in seconds: `connecting` for each step of opening a connection, then `answering`.

    `within`, if given, bounds all of it together.
    """

    def __init__(self, answering: float, within: float | None, connecting: float = CONNECT_SECONDS) -> None:
        self.begin = time.monotonic()
        self.connecting = within / 2 if within else connecting
        self.answering = within or answering
        self.timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self.connecting)
        self.sent: float | None = None
        self._end = self.begin + within if within else math.inf

    def on_event(self, name: str, info: dict[str, Any]) -> None:
        """Hear of the steps of a request, as httpcore's `trace`."""
        # The first request to a proxy is CONNECT, which belongs to opening.
        if name == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            self.sent = time.monotonic()
            self._end = min(self._end, self.sent + self.answering)
            self.timeouts.update(dict.fromkeys(("read", "write"), max(self._end - self.sent, 0.001)))

    @property
    def is_over(self) -> bool:
        """Whether the answer is late; httpx bounds each read, not the whole answer."""
        return time.monotonic() > self._end
