"""`flyte team-cache forget`, and the documents of `-o json`."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from conftest import ADMIN, BOTH, Machine, Service, exists
from servers import READ_ONLY, Server, answer, by_path
from test_commands import SCRIPT

from dejavu_flyte.keys import ImageKey

Machines = Callable[..., Machine]


def document(machine: Machine, *arguments: str, status: int = 0, **env: str) -> dict[str, Any]:
    """Run a command with `-o json` and return the one document on stdout."""
    flyte = [str(machine.flyte), *(["--endpoint", machine.endpoint] if machine.endpoint else [])]
    process = subprocess.run(
        [*flyte, "team-cache", *arguments, "-o", "json"],
        env=machine.env(**env),
        cwd=machine.root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == status, process.stdout + process.stderr
    assert "Traceback" not in process.stderr
    found: dict[str, Any] = json.loads(process.stdout)
    return found


def options(unique: str) -> list[str]:
    return ["-p", unique, "-d", "development"]


def test_forgotten_image_is_checked_again_by_all(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(), machines()
    uri = first.run(exists(unique)).values[0]
    second.run(exists(unique))

    output = second.cli("forget", *options(unique), uri)

    assert "the team: deleted" in output
    assert "this machine: deleted" in output
    assert service.entries("images", image_uri=uri) == []
    assert second.rows("image_cache") == []
    again = second.run(exists(unique))
    assert (again.values, again.checks) == ([uri], 1)
    assert first.run(exists(unique), DEJAVU_URL="").checks == 0  # its own row is its own affair
    second.run(exists(unique), DEJAVU_URL="")
    service.delete("images", service.entries("images", image_uri=uri)[0]["hash"])
    assert second.run(exists(unique)).checks == 0  # no note says that the row was borrowed once


def test_forget_a_script_and_a_folder(machines: Machines, unique: str, service: Service) -> None:
    machine = machines()
    (machine.root / "main.py").write_text(SCRIPT.format(name=unique))
    deployed = machine.run({"do": "deploy"}).values[0][0]
    bundled = machine.run({"do": "bundle"}).values[0][0]
    (machine.root / "other.py").write_text(SCRIPT.format(name=f"{unique}-2"))

    would = document(machine, "forget", *options(unique), "--dry-run", "main.py", ".")
    (machine.root / "other.py").unlink()
    found = document(machine, "forget", *options(unique), "main.py", ".")
    again = document(machine, "forget", *options(unique), "main.py", ".")

    assert would["dry_run"]
    assert [(e["kind"], e["team"], e["machine"]) for e in would["entries"][:2]] == [
        ("image", True, True),
        ("bundle", True, True),
    ]
    assert [(e["kind"], e["team"], e["machine"]) for e in found["entries"]][:2] == [
        ("image", True, True),
        ("bundle", True, True),
    ]
    assert all(not service.entries("bundles", remote_path=path) for path in {deployed, bundled})
    assert not any(e["team"] or e["machine"] for e in again["entries"])


def test_two_scripts_are_two_bundles(machines: Machines, unique: str, service: Service) -> None:
    machine = machines()
    (machine.root / "main.py").write_text(SCRIPT.format(name=unique))
    machine.run({"do": "deploy"})
    (machine.root / "other.py").write_text(SCRIPT.format(name=f"{unique}-2"))

    found = document(machine, "forget", *options(unique), "other.py", "main.py")

    assert [(e["kind"], e["team"]) for e in found["entries"]] == [
        ("image", False),
        ("bundle", False),
        ("image", True),
        ("bundle", True),
    ]


def test_dry_run_deletes_nothing(machines: Machines, unique: str, service: Service) -> None:
    machine = machines()
    uri = machine.run(exists(unique)).values[0]

    output = machine.cli("forget", *options(unique), "--dry-run", uri, "ghcr.io/acme/other:v1")

    assert output.count("would be deleted") == 2
    assert output.count("was not there") == 2
    other = machine.cli("forget", *options(unique), "--platform", "linux/amd64", uri)
    assert "the team: was not there" in other
    assert "the team has it with platforms linux/amd64, linux/arm64" in other
    assert service.entries("images", image_uri=uri)
    assert machine.rows("image_cache")


def tokens(service: Service, unique: str, **more: str) -> dict[str, str]:
    made = {}
    for role in ("read", "write"):
        body = {"name": f"{unique}-{role}"[-60:], "role": role, **more}
        made[role] = httpx.post(f"{service.url}/tokens", json=body, auth=("admin", ADMIN)).raise_for_status()
    return {role: response.json()["secret"] for role, response in made.items()}


def test_writer_forgets_and_reader_does_not(machines: Machines, unique: str, guarded: Service) -> None:
    token = tokens(guarded, unique)
    machine = machines(url=guarded.url)
    uri = machine.run(exists(unique), DEJAVU_TOKEN=token["write"]).values[0]

    reader = machine.cli("forget", *options(unique), uri, status=1, DEJAVU_TOKEN=token["read"])
    kept = machine.rows("image_cache")
    writer = machine.cli("forget", *options(unique), uri, DEJAVU_TOKEN=token["write"])

    assert "needs a token with the role write, and this one has the role read" in " ".join(reader.split())
    assert kept
    assert "the team: taken back; its registry may confirm it again" in writer
    assert "miss" in machine.cli("explain", *options(unique), uri, status=1, DEJAVU_TOKEN=token["write"])


def test_writer_forgets_a_bundle_for_good(machines: Machines, unique: str, guarded: Service) -> None:
    token = tokens(guarded, unique)
    machine = machines(url=guarded.url, environment={"DEJAVU_TOKEN": token["write"]})
    machine.run({"do": "bundle"}, exists(unique))

    output = machine.cli("forget", *options(unique), ".")

    assert "the team: deleted" in output
    machine.run(exists(unique), DEJAVU_SKIP="1")
    found = document(machine, "forget", *options(unique), machine.run(exists(unique)).values[0])
    assert [(entry["team"], entry["taken_back"]) for entry in found["entries"]] == [(True, True)]


def test_refusal_to_forget_is_told_as_it_is(machines: Machines, unique: str) -> None:
    """As where the first write wins, and another one wrote it: the rest is done."""
    uri = "ghcr.io/acme/app:v1"
    machine = machines()
    own = machine.run(exists(unique), DEJAVU_URL="").values[0]
    key = ImageKey(machine.scope, "ghcr.io/acme/app", "v1", tuple(BOTH))
    entry = {"hash": key.hash, "image_uri": uri, "created_at": "2026-01-01T00:00:00Z"}
    entry["expires_at"] = "2099-01-01T00:00:00Z"
    problem = '{"type": "urn:dejavu:problem:changed-by-another", "detail": "Stored by another identity"}'
    behaviours = {
        b"/images/lookup": answer("200 OK", "application/json", json.dumps({"entries": [entry], "missing": []})),
        f"/images/{key.hash}/invalidate".encode(): answer("409 Conflict", "application/problem+json", problem),
        b"/images/": READ_ONLY,
        b"/images?": answer("200 OK", "application/json", '{"entries": []}'),
    }
    server = Server(by_path(behaviours))
    machine.url = server.url

    output = machine.cli("forget", *options(unique), uri, own, status=1)
    found = document(machine, "forget", *options(unique), uri, status=1)
    server.close()

    assert "the team: stays: Stored by another identity" in output
    assert "this machine: deleted" in output
    assert machine.rows("image_cache") == []
    (told,) = found["entries"]
    assert (told["team"], told["taken_back"], told["refused"]) == (True, False, "Stored by another identity")
    assert "role" not in output
    assert "does not work" not in output


def test_status_says_who_the_caller_is(machines: Machines, unique: str, guarded: Service) -> None:
    token = tokens(guarded, unique, overlay="pr-1")
    machine = machines(url=guarded.url)

    found = document(machine, "status", *options(unique), DEJAVU_TOKEN=token["write"])
    text = machine.cli("status", *options(unique), DEJAVU_TOKEN=token["write"])

    identity = found["service"]["identity"]
    assert (identity["role"], identity["overlay"]) == ("write", "pr-1")
    assert "-write, role write, overlay pr-1" in text
    assert found["off"] == []
    assert token["write"] not in text + json.dumps(found)


def test_status_as_json_says_why_it_is_off(machines: Machines, unique: str) -> None:
    devbox = document(machines(endpoint="dns:///localhost:30080"), "status", *options(unique))
    assert "is a different one on every machine" in devbox["off"][0]
    away = document(machines(url="http://127.0.0.1:9"), "status", *options(unique), status=1)
    assert "cannot be reached" in away["service"]["error"]
    exposed = machines(url="http://dejavu.invalid")
    secret = document(exposed, "status", *options(unique), status=1, DEJAVU_TOKEN="djv_secret")
    assert "DEJAVU_TOKEN could be read on its way" in secret["off"][0]
    skipping = document(machines(), "status", *options(unique), DEJAVU_SKIP="1")
    assert skipping["off"] == ["DEJAVU_SKIP is set, so nothing is read from the team"]
    broken = machines()
    (broken.home / ".flyte").write_text("not a folder")
    found = document(broken, "status", *options(unique))
    assert found["machine"]["journal"]["error"]


def test_documents_of_push_pull_and_explain(machines: Machines, unique: str) -> None:
    laptop, runner = machines(), machines()
    (laptop.root / "main.py").write_text("print('on stdout')\n" + SCRIPT.format(name=unique))
    uri = laptop.run(exists(unique), {"do": "bundle"}, DEJAVU_URL="").values[0]

    pushed = document(laptop, "push", *options(unique))
    pulled = document(runner, "pull", *options(unique))
    image = document(runner, "explain", *options(unique), uri)
    missed = document(runner, "explain", *options(unique), "--platform", "linux/s390x", uri, status=1)
    script = document(runner, "explain", *options(unique), "main.py", status=1)

    assert [pushed[kind]["moved"] for kind in ("images", "bundles")] == [1, 0]
    assert [pulled[kind]["moved"] for kind in ("images", "bundles")] == [1, 0]
    (entry,) = image["entries"]
    assert (entry["outcome"], entry["value"], entry["parts"]["platforms"]) == ("hit", {"image_uri": uri}, BOTH)
    assert missed["entries"][0]["nearest"][0]["differs"] == {"platforms": BOTH}
    assert script["never_looked_up"] == ["ghcr.io/acme/ready-made:v1"]
    assert [entry["kind"] for entry in script["entries"]] == ["image", "bundle"]


def test_errors_are_documents_too(machines: Machines, unique: str) -> None:
    away = machines(url="http://127.0.0.1:9")
    assert "does not work" in document(away, "explain", *options(unique), "ghcr.io/a/b:v1", status=1)["error"]
    assert "no such file" in document(away, "explain", "tasks/train.py", status=2)["error"]
    assert "DEJAVU_URL" in document(machines(url=None), "status", status=2)["error"]


def test_pull_asks_for_its_own_scope(machines: Machines, unique: str, service: Service) -> None:
    """Entries of others are not even sent."""
    first, other = machines(), machines(project=f"{unique}-other")
    first.run(exists(unique), {"do": "bundle"})
    other.run(exists(unique))

    found = document(machines(), "pull", *options(unique))

    assert found["images"] == {"moved": 1, "skipped": []}


def test_push_waits_for_a_busy_service(machines: Machines, unique: str) -> None:
    busy = itertools.chain([True, True], itertools.repeat(False))

    def put(s: socket.socket, request: bytes) -> None:
        if next(busy):
            problem = '{"type": "urn:dejavu:problem:too-many-requests"}'
            answer("429 Too Many Requests", "application/problem+json", problem, "Retry-After: 1")(s, request)
        else:
            body = json.loads(request[request.index(b"{") :])
            key = request.split(b" ")[1].decode().rpartition("/")[2]
            entry = body | {"hash": key, "created_at": "2026-01-01T00:00:00Z", "expires_at": "2026-02-01T00:00:00Z"}
            answer("201 Created", "application/json", json.dumps(entry))(s, request)

    lookup = answer("200 OK", "application/json", '{"entries": [], "missing": []}')
    server = Server(lambda s, r: (put if r.startswith(b"PUT") else lookup)(s, r))
    laptop = machines(url=server.url)
    laptop.run(exists(unique), DEJAVU_URL="")
    begin = time.monotonic()

    found = document(laptop, "push", *options(unique))
    server.close()

    assert found["images"] == {"moved": 1, "skipped": []}
    assert time.monotonic() - begin > 2
    assert sum(r.startswith(b"PUT") for r in server.requests) == 3


def test_push_of_more_than_the_service_takes_at_once(machines: Machines, unique: str, tmp_path: Path) -> None:
    limits = ("--dejavu.rate-limit.writes-per-second=1", "--dejavu.rate-limit.writes-burst=2")
    strict = Service(tmp_path / "strict", *limits)
    laptop = machines(url=strict.url)
    laptop.run(*(exists(f"{unique}-{n}") for n in range(5)), DEJAVU_URL="")

    found = document(laptop, "push", *options(unique))

    assert found["images"] == {"moved": 5, "skipped": []}
    assert len(strict.entries("images")) == 5
    strict.stop()
