"""Which proxy is on the way, and what is said when it does not work."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Machine, exists
from servers import (
    MISS,
    READ_ONLY,
    Behaviour,
    Server,
    answer,
    free_port,
    hang,
    reads_and_writes,
    self_signed,
    with_tls,
)

from dejavu_flyte.proxies import proxy_for

Machines = Callable[..., Machine]

# Not of this machine, whose services are called without a proxy; nothing answers there (RFC 5737).
SERVICE = "https://192.0.2.1"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("url", "no_proxy", "goes_directly"),
    [
        ("https://dejavu.example.com", "", False),
        ("https://dejavu.example.com", "example.com", True),
        ("https://dejavu.example.com", ".example.com", True),
        ("https://dejavu.example.com", "*.example.com", True),
        ("https://dejavu.example.com.", " DEJAVU.example.com ,other", True),
        ("https://dejavu.example.com", "dejavu.example.com:443", True),
        ("https://dejavu.example.com", "dejavu.example.com:8443", False),
        ("https://dejavu.example.com:8443", "dejavu.example.com:8443", True),
        ("https://dejavu.example.com", "https://dejavu.example.com", True),
        ("https://dejavu.example.com", "http://dejavu.example.com", False),
        ("https://notexample.com", "example.com", False),
        ("https://dejavu.example.com", "other,*", True),
        ("https://10.1.2.3", "10.0.0.0/8", True),
        ("https://11.1.2.3", "10.0.0.0/8", False),
        ("https://10.1.2.3", "10.1.2.3", True),
        ("https://[fd00::7]", "localhost,127.0.0.0/8,::1/128,fd00::/8", True),
        ("https://[fd00::7]", "[fd00::7]", True),
        ("https://[fd00::7]:8443", "[fd00::7]:8443", True),
        ("https://[fe80::7]", "::1/128,fd00::/8", False),
        ("https://dejavu.example.com", "::1/128,fd00::/8,[,]:x,//,/24,%", False),
        ("http://localhost:8080", "", True),
        ("http://127.0.0.1:8080", "", True),
        ("http://[::1]:8080", "", True),
    ],
)
def test_no_proxy(monkeypatch: pytest.MonkeyPatch, url: str, no_proxy: str, goes_directly: bool) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)

    assert (proxy_for(url) is None) == goes_directly


def test_proxy_of_the_scheme_comes_first_and_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://other:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:p@ss/word@proxy.example.com:3128")

    assert str(proxy_for(SERVICE)) == "the proxy http://proxy.example.com:3128 (HTTPS_PROXY)"
    assert str(proxy_for("http://192.0.2.1")) == "the proxy http://other:1 (ALL_PROXY)"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "ALL_PROXY",
            "socks5://me:secret@127.0.0.1:9",
            "the proxy socks5://127.0.0.1:9 (ALL_PROXY) needs a package: pip",
        ),
        ("HTTPS_PROXY", "ftp://me:secret@127.0.0.1", "the proxy ftp://127.0.0.1 (HTTPS_PROXY) cannot be used"),
        ("HTTPS_PROXY", "http://me:secret@127.0.0.1:port", "(HTTPS_PROXY) cannot be used"),
        ("HTTPS_PROXY", "http://me:secret@[::1", "(HTTPS_PROXY) cannot be used"),
        ("HTTPS_PROXY", "http://", "(HTTPS_PROXY)"),
        ("https_proxy", "nonsense of secret@ somebody", "(https_proxy)"),
        (
            "HTTPS_PROXY",
            "http://me:secret@127.0.0.1:{free_port}",
            "it cannot be reached through the proxy http://127.",
        ),
    ],
)
def test_unusable_proxy_is_one_line_at_once(
    machines: Machines, unique: str, variable: str, value: str, said: str
) -> None:
    """Without an endpoint, as Flyte's own HTTP client fails at some of them."""
    machine = machines(url=SERVICE, endpoint=None)
    value = value.replace("{free_port}", str(free_port()))

    run = machine.run(exists(unique), exists(f"{unique}-2"), LOG_LEVEL="debug", **{variable: value})

    assert run.checks == 2
    assert run.occurrences(" WARNING ") == 1, run.output
    assert run.occurrences(said), run.output
    assert run.occurrences("within") == 0
    assert "secret" not in run.output
    status = machine.cli("status", status=1, **{variable: value})
    assert said in " ".join(status.split())
    assert "secret" not in status


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway", "503 Unavailable"])
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_refusing_proxy_is_one_line(machines: Machines, unique: str, status: str, scheme: str) -> None:
    proxy = Server(answer(status, "text/html", "<html>"))
    machine = machines(url=SERVICE.replace("https", scheme), endpoint=None)

    run = machine.run(exists(unique), exists(f"{unique}-2"), **{f"{scheme.upper()}_PROXY": proxy.url})

    assert run.checks == 2
    assert run.occurrences("The team cache") == 1
    assert run.occurrences(f"the proxy {proxy.url} ({scheme.upper()}_PROXY)") == 1, run.output
    assert run.occurrences(status) == 1
    proxy.close()


def test_proxy_that_hangs_is_named(machines: Machines, unique: str) -> None:
    proxy = Server(hang)

    run = machines(url=SERVICE, endpoint=None).run(exists(unique), exists(f"{unique}-2"), HTTPS_PROXY=proxy.url)

    assert run.checks == 2
    assert run.occurrences("The team cache") == 1
    assert run.occurrences(f"no connection through the proxy {proxy.url} (HTTPS_PROXY) within") == 1, run.output
    assert sum(run.seconds) < 1.0 + 0.8
    proxy.close()


def tunnel(to: Server) -> Behaviour:
    def behave(s: socket.socket, request: bytes) -> None:
        assert request.startswith(b"CONNECT 192.0.2.1:443 ")
        with socket.create_connection(("127.0.0.1", int(to.url.rpartition(":")[2]))) as other:
            s.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            s.setblocking(False)
            other.setblocking(False)
            end = time.monotonic() + 10
            while time.monotonic() < end:
                for source, target in ((s, other), (other, s)):
                    try:
                        data = source.recv(65536)
                    except BlockingIOError:
                        continue
                    if not data:
                        return
                    target.sendall(data)
                time.sleep(0.005)

    return behave


def test_proxy_carries_the_calls(machines: Machines, unique: str, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, "192.0.2.1")
    service = Server(reads_and_writes(MISS, READ_ONLY), with_tls(certificate))
    proxy = Server(tunnel(service))

    run = machines(url=SERVICE, endpoint=None).run(
        exists(unique), HTTPS_PROXY=proxy.url, SSL_CERT_FILE=str(certificate), DEJAVU_TIMEOUT="5"
    )

    assert run.occurrences("The team cache") == 0, run.output
    assert any(r.startswith(b"GET /images/") for r in service.requests)
    service.close()
    proxy.close()
