"""A service with leases, in this process."""

from __future__ import annotations

import itertools
import json
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from servers import MISS, Behaviour, Server, answer, older

PROBLEM = "application/problem+json"
LOST = answer("409 Conflict", PROBLEM, '{"type": "urn:dejavu:problem:lease-lost", "title": "Lease lost"}')
GONE = answer("204 No Content", "application/json", "")


def problem(status: str) -> Behaviour:
    return answer(status, PROBLEM, '{"type": "about:blank", "title": "No"}')


def drop(s: socket.socket, _: bytes) -> None:
    """Close the connection without an answer."""
    s.shutdown(socket.SHUT_RDWR)


def instant(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat().replace("+00:00", "Z")


def body(request: bytes) -> dict[str, Any]:
    found = request.find(b"{")
    return json.loads(request[found:]) if found >= 0 else {}


@dataclass
class Leasing:
    """Keeps entries and leases as the real one does; `says` are answers to the next questions for a lease instead.

    `renews` is the answer to each renewal; None: 200. `holder` builds an image that nobody here builds.
    """

    ttl: float = 30.0
    says: list[Behaviour] = field(default_factory=list)
    renews: Behaviour | None = None
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    held: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._tokens = itertools.count(1)
        self.server = Server(self._behave)
        self.url = self.server.url

    def asked(self, begin: str) -> list[bytes]:
        """Return the requests that begin so."""
        return [r for r in self.server.requests if r.startswith(begin.encode())]

    def leases(self) -> list[bytes]:
        """Return the questions for leases."""
        return [r for r in self.server.requests if re.match(rb"POST /images/\w+/lease[ ?]", r)]

    def hold(self, key: str, holder: str = "alice@laptop", expected: float | None = None) -> None:
        """Let somebody else build an image."""
        lease = {"token": "of-another", "holder": holder, "since": instant(time.time())}
        if expected:
            lease["expected_at"] = instant(time.time() + expected)
        self._change(lambda: self.held.update({key: lease}))

    def put(self, key: str, entry: dict[str, Any]) -> None:
        """Store an image, as somebody else does."""
        now = time.time()
        whole = {"hash": key, "created_at": instant(now), "expires_at": instant(now + 1000), **entry}

        def change() -> None:
            self.stored[key] = whole
            self.held.pop(key, None)

        self._change(change)

    def end(self, key: str) -> None:
        """End a lease without an image."""
        self._change(lambda: self.held.pop(key, None))

    def _change(self, change: Any) -> None:
        with self._changed:
            change()
            self._changed.notify_all()

    def _behave(self, s: socket.socket, request: bytes) -> None:
        method, target = request.split(b" ")[:2]
        path, _, query = target.decode().partition("?")
        parts = path.strip("/").split("/")
        key = parts[1] if len(parts) > 1 else ""
        if parts[0] != "images" or parts[1:2] == ["resolve"]:
            older(s, request)
        elif len(parts) == 3 and method == b"POST":
            self._lease(s, request, key, query)
        elif parts[-1] == "renew":
            lost = self.held.get(key, {}).get("token") != parts[3]
            (LOST if lost else self.renews or self._granted(key, 200))(s, request)
        elif len(parts) == 4:
            self.end(key)
            GONE(s, request)
        elif method == b"PUT":
            self.put(key, body(request))
            answer("201 Created", "application/json", json.dumps(self.stored[key]))(s, request)
        elif entry := self.stored.get(key):
            answer("200 OK", "application/json", json.dumps(entry))(s, request)
        else:
            MISS(s, request)

    def _lease(self, s: socket.socket, request: bytes, key: str, query: str) -> None:
        if self.says:
            self.says.pop(0)(s, request)
            return
        wait = int(query.removeprefix("wait=") or 0)
        with self._changed:
            self._changed.wait_for(lambda: key in self.stored or key not in self.held, wait)
            if key in self.stored:
                reply = answer("200 OK", "application/json", json.dumps(self.stored[key]))
            elif key in self.held:
                told = {name: value for name, value in self.held[key].items() if name != "token"}
                reply = answer("202 Accepted", "application/json", json.dumps(told), "Retry-After: 1")
            else:
                token, holder = f"token-{next(self._tokens)}", body(request)["holder"]
                self.held[key] = {"token": token, "holder": holder, "since": instant(time.time())}
                reply = self._granted(key, 201)
        reply(s, request)

    def _granted(self, key: str, status: int) -> Behaviour:
        told = {"lease": self.held[key]["token"], "expires_at": instant(time.time() + self.ttl)}
        return answer(f"{status} OK", "application/json", json.dumps(told | {"renew_within": self.ttl / 3}))
