"""Servers that answer in place of the service, well or badly."""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket, bytes], None]


@dataclass
class Server:
    """A misbehaving server on loopback; it records the requests."""

    behave: Behaviour
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            while head := b"".join(itertools.takewhile(lambda line: line != b"\r\n", stream)):
                length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
                request = head + stream.read(int(length[1]) if length else 0)
                self.requests.append(request)
                self.behave(connection, request)

    def close(self) -> None:
        self._listener.close()


def answer(status: str, content_type: str, body: str | bytes, *more: str) -> Behaviour:
    content = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(content)}", *more]
    return lambda s, _: s.sendall("\r\n".join([*head, "", ""]).encode() + content)


def older(s: socket.socket, request: bytes) -> None:
    """Answer like an older service, which cannot check registries."""
    answer("405 Method Not Allowed", "application/problem+json", '{"type": "about:blank", "title": "No"}')(s, request)


def reads_and_writes(read: Behaviour, write: Behaviour, resolve: Behaviour = older) -> Behaviour:
    by_method = {b"GET": read, b"PUT": write, b"POST": resolve}
    return lambda s, request: by_method[request.partition(b" ")[0]](s, request)


def by_path(behaviours: dict[bytes, Behaviour]) -> Behaviour:
    """Answer by the beginning of the path."""

    def behave(s: socket.socket, request: bytes) -> None:
        path = request.split(b" ")[1]
        next(behaviours[begin] for begin in behaviours if path.startswith(begin))(s, request)

    return behave


def hang(_: socket.socket, __: bytes) -> None:
    time.sleep(60)


def drip(s: socket.socket, _: bytes) -> None:
    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        s.sendall(b" ")
        time.sleep(0.1)


def drip_headers(s: socket.socket, _: bytes) -> None:
    s.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(1000):
        s.sendall(b"x")
        time.sleep(0.1)


def cut(s: socket.socket, _: bytes) -> None:
    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
    s.shutdown(socket.SHUT_RDWR)


def flood(s: socket.socket, _: bytes) -> None:
    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        s.sendall(b" " * 65536)


MISS = answer("404 Not Found", "application/problem+json", '{"type": "urn:dejavu:problem:miss"}')
READ_ONLY = answer("403 Forbidden", "application/problem+json", '{"type": "about:blank", "title": "Forbidden"}')
