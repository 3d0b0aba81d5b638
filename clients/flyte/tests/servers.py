"""Servers that answer in place of the service, well or badly."""

from __future__ import annotations

import contextlib
import itertools
import queue
import random
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Behaviour = Callable[[socket.socket, bytes], None]


def free_port() -> int:
    """A port that nobody listens on, and that no outgoing connection takes: Linux gives those 32768 and above."""
    while True:
        port = random.randrange(10_000, 32_768)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


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


@dataclass
class Far:
    """A way to a server that takes `seconds` in each direction, for the handshake of TCP as well."""

    url: str
    seconds: float = 0.115

    def __post_init__(self) -> None:
        self._to = ("127.0.0.1", int(self.url.rpartition(":")[2]))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{self.url.rpartition(':')[0]}:{self._listener.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.connections += 1
                far = socket.create_connection(self._to)
                # The kernel answered at once, so what comes first waits for the round trip of the handshake.
                for source, target, handshake in ((near, far, 2 * self.seconds), (far, near, 0.0)):
                    pipe: queue.Queue[tuple[float, bytes]] = queue.Queue()
                    ready = time.monotonic() + handshake
                    threading.Thread(target=self._read, args=(source, pipe, ready), daemon=True).start()
                    threading.Thread(target=self._write, args=(target, pipe), daemon=True).start()

    def _read(self, source: socket.socket, pipe: queue.Queue[tuple[float, bytes]], ready: float) -> None:
        data = b"-"
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            pipe.put((max(time.monotonic(), ready) + self.seconds, data))

    @staticmethod
    def _write(target: socket.socket, pipe: queue.Queue[tuple[float, bytes]]) -> None:
        with contextlib.suppress(OSError):
            while True:
                due, data = pipe.get()
                time.sleep(max(due - time.monotonic(), 0))
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(data)

    def close(self) -> None:
        self._listener.close()


def self_signed(folder: Path, address: str = "127.0.0.1") -> Path:
    """Make a certificate of an address, and return a file with it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return file


def with_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
