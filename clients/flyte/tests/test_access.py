"""Who gets the token, and what a service does that requires one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from conftest import ADMIN, Machine, Service, exists
from servers import Server, answer

Machines = Callable[..., Machine]


def token(service: Service, name: str, role: str) -> str:
    made = httpx.post(f"{service.url}/tokens", json={"name": name, "role": role}, auth=("admin", ADMIN))
    return str(made.raise_for_status().json()["secret"])


def test_writer_token_shares_and_reader_token_reads(machines: Machines, unique: str, guarded: Service) -> None:
    writer = machines(url=guarded.url, environment={"DEJAVU_TOKEN": token(guarded, "writer", "write")})
    reader = machines(url=guarded.url, environment={"DEJAVU_TOKEN": token(guarded, "reader", "read")})

    worked = writer.run(exists(unique), {"do": "bundle"})
    shared = reader.run(exists(unique), exists(f"{unique}-2"), {"do": "bundle"})
    after = writer.run(exists(f"{unique}-2"))

    assert (worked.checks, worked.uploads) == (1, 1)
    assert (shared.checks, shared.uploads) == (1, 0)
    assert worked.occurrences("The team cache") == shared.occurrences("The team cache") == 0
    assert after.checks == 1  # the reader could not share it
    assert "answers" in reader.cli("status")
    (entry,) = httpx.get(f"{guarded.url}/images", params={"image_uri": worked.values[0]}, auth=("admin", ADMIN)).json()[
        "entries"
    ]
    assert entry["written_by"] == "writer"


def test_wrong_or_missing_token_logs_one_line(machines: Machines, unique: str, guarded: Service) -> None:
    without = machines(url=guarded.url)

    run = without.run(exists(unique))
    wrong = without.run(exists(f"{unique}-2"), DEJAVU_TOKEN="djv_wrong")

    assert (run.checks, wrong.checks) == (1, 1)
    assert run.occurrences("it asks for a DEJAVU_TOKEN") == 1
    assert wrong.occurrences("it does not accept DEJAVU_TOKEN") == 1
    assert "asks for a DEJAVU_TOKEN" in without.cli("status", status=1)


@pytest.fixture
def away(machines: Machines, tmp_path: Path) -> Iterator[tuple[Machine, Server]]:
    """Make a machine whose service has a name that is not local, at a server of this test."""
    folder = tmp_path / "resolver"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import socket\n"
        "resolve = socket.getaddrinfo\n"
        "socket.getaddrinfo = lambda host, *args, **kwargs: resolve(\n"
        "    '127.0.0.1' if host in ('team.example.com', b'team.example.com') else host, *args, **kwargs)\n"
    )
    server = Server(answer("401 Unauthorized", "application/problem+json", "{}"))
    url = server.url.replace("127.0.0.1", "team.example.com")
    yield machines(url=url, environment={"PYTHONPATH": str(folder)}), server
    server.close()


def test_token_does_not_leave_the_machine_without_tls(away: tuple[Machine, Server], unique: str) -> None:
    machine, server = away

    run = machine.run(exists(unique), {"do": "bundle"}, DEJAVU_TOKEN="djv_secret")
    status = machine.cli("status", status=1, DEJAVU_TOKEN="djv_secret")

    assert (run.checks, run.uploads) == (1, 1)
    assert run.occurrences("The team cache") == 1
    assert run.occurrences("DEJAVU_TOKEN could be read on its way over http: use https, or set DEJAVU_INSECURE=1") == 1
    assert "DEJAVU_TOKEN could be read on its way" in " ".join(status.split())
    assert server.connections == 0


def test_password_does_not_leave_the_machine_without_tls(away: tuple[Machine, Server], unique: str) -> None:
    machine, server = away

    run = machine.run(exists(unique), DEJAVU_URL=str(machine.url).replace("//", "//me:secret@"))

    assert run.occurrences("the password in DEJAVU_URL could be read on its way over http") == 1
    assert "secret" not in run.output
    assert server.connections == 0


def test_insecure_lets_the_token_leave(away: tuple[Machine, Server], unique: str) -> None:
    machine, server = away

    machine.run(exists(unique), DEJAVU_TOKEN="djv_secret", DEJAVU_INSECURE="1")

    assert b"bearer djv_secret" in server.requests[0].lower()


def test_proxy_does_not_get_the_token_of_a_service_on_this_machine(machines: Machines, unique: str) -> None:
    server, proxy = (Server(answer("401 Unauthorized", "application/problem+json", "{}")) for _ in range(2))

    machines(url=server.url).run(exists(unique), DEJAVU_TOKEN="djv_secret", HTTP_PROXY=proxy.url, http_proxy=proxy.url)

    assert (sum(b"GET /images" in r for r in server.requests), proxy.connections) == (1, 0)
    server.close()
    proxy.close()


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_token_does_not_follow_a_redirect(machines: Machines, unique: str, status: str) -> None:
    other = Server(answer("200 OK", "application/json", "{}"))
    server = Server(answer(status, "text/html", "", f"Location: {other.url.replace('127.0.0.1', 'localhost')}/images"))

    run = machines(url=server.url).run(exists(unique), DEJAVU_TOKEN="djv_secret")

    assert run.occurrences(f"is off for 30 s: it answers {status[:3]}") == 1
    assert (sum(b"GET /images" in r for r in server.requests), other.connections) == (1, 0)
    server.close()
    other.close()
