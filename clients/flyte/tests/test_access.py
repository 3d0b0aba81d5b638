"""A service that requires a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from conftest import Machine, Service, exists

Machines = Callable[..., Machine]
ADMIN = "an-administrator-of-the-tests"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("guarded")
    running = Service(home, "--dejavu.access.mode=tokens", f"--dejavu.admin-token={ADMIN}")
    yield running
    running.stop()


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
