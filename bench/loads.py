"""The loads: each is a list of requests, the same for all peers."""

from __future__ import annotations

import bisect
import hashlib
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

EVEN = 100_000
ALL = 1_000_000
CREATED = 1_790_000_000_000
URI = "ghcr.io/acme/my-app:v1.0"
# As long as an entry of Dejavu.
PAYLOAD = json.dumps(
    {"hash": "0" * 64, "image_uri": URI, "created_at": "2026-11-23T19:20:25.385Z", "expires_at": "2026-12-23T19:20:25.385Z"},
    separators=(",", ":"),
)


def key(number: int) -> str:
    """The key of an entry: numbers up to ALL are stored before the run, others are not."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def http(method: str, path: str, body: str = "", more: str = "") -> str:
    about = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{about}{more}\r\n{body}"


def zipf(size: int, samples: int, rng: random.Random) -> Iterator[int]:
    """Ranks from 1 to size; the n-th comes 1/n as often as the first."""
    cumulated = list(itertools.accumulate(1 / rank for rank in range(1, size + 1)))
    for _ in range(samples):
        yield bisect.bisect_left(cumulated, rng.random() * cumulated[-1]) + 1


@dataclass(frozen=True)
class Load:
    name: str
    title: str
    # HTTP status of every answer: 2 for 2xx, 4 for 404.
    expected: int = 2
    connections: int = 32
    # With TLS; the load of that name also with a new connection for each request.
    tls: bool = False

    def requests(self, path: str) -> Iterator[str]:
        """As load.lua sends them; path is the peer's, as in /images/."""
        rng = random.Random(self.name)
        body = json.dumps({"image_uri": URI})
        if self.name in ("hot", "many"):
            yield http("GET", path + key(7))
        elif self.name == "tls":
            yield http("GET", path + key(7), more="Connection: close\r\n")
        elif self.name == "even":
            for number in rng.sample(range(1, EVEN + 1), EVEN):
                yield http("GET", path + key(number))
        elif self.name == "zipf":
            for rank in zipf(ALL, 300_000, rng):
                yield http("GET", path + key(rank))
        elif self.name == "miss":
            for number in range(300_000):
                yield http("GET", path + key(-1 - number))
        elif self.name == "mixed":
            for number in range(200_000):
                if rng.random() < 0.1:
                    yield http("PUT", path + key(rng.randint(1, EVEN)), body)
                else:
                    yield http("GET", path + key(rng.randint(1, EVEN)))
        elif self.name == "lookup":
            for _ in range(2_000):
                hashes = [key(rng.randint(1, EVEN)) for _ in range(100)]
                yield http("POST", path + "lookup", json.dumps({"hashes": hashes}))
        elif self.name == "put":
            for number in range(300_000):
                yield http("PUT", path + key(2 * ALL + number), body)
        elif self.name == "fill":
            for number in range(1, EVEN + 1):
                yield http("PUT", path + key(number), PAYLOAD)

    def write(self, folder: Path, path: str) -> Path:
        file = folder / (self.name + path.replace("/", "-"))
        if not file.exists():
            file.write_text("".join(request + "\0" for request in self.requests(path)), newline="")
        return file


LOADS = [
    Load("hot", "one hot key"),
    Load("even", "100,000 keys evenly"),
    Load("zipf", "Zipf over 1,000,000 keys"),
    Load("miss", "misses, each asked for again and again", expected=4),
    Load("mixed", "90 % reads, 10 % writes"),
    Load("lookup", "lookup of 100 keys"),
    Load("put", "PUT, acknowledged when durable"),
    Load("tls", "one hot key, each time over a new connection with TLS", tls=True),
    Load("many", "one hot key, 256 connections, for many processors", connections=256),
]
