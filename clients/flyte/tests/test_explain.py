"""`flyte team-cache explain` names the cause of a miss."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Machine, Service, exists
from servers import MISS, READ_ONLY, Server, answer, older
from test_forget import document, options

Machines = Callable[..., Machine]

LAZY = """\
import flyte

env = flyte.TaskEnvironment(name="hello", image="ghcr.io/acme/ready-made:v1")

@env.task
def main() -> int:
    import lazy
    return 1
"""


def words(output: str) -> str:
    return " ".join(output.split())


def test_image_with_another_tag_registry_or_spelling(machines: Machines, unique: str) -> None:
    machine = machines()
    machine.run(exists(unique, tag="v1"))

    def missed(uri: str) -> str:
        return words(machine.cli("explain", *options(unique), uri, status=1))

    assert "the team has it with tag v1" in missed(f"ghcr.io/acme/{unique}:v2")
    assert f"with repository ghcr.io/acme/{unique} (another registry or path)" in missed(f"quay.io/acme/{unique}:v1")
    assert "(a registry tells upper from lower case)" in missed(f"ghcr.io/Acme/{unique}:v1")


def test_image_of_another_project(machines: Machines, unique: str) -> None:
    machine = machines()
    uri = machine.run(exists(unique)).values[0]

    output = words(machine.cli("explain", "-p", unique, "-d", "production", uri, status=1))

    assert "the team has it with domain development" in output


def test_script_bundled_in_another_way(machines: Machines, unique: str) -> None:
    machine = machines()
    (machine.root / "tasks").mkdir()
    (machine.root / "tasks/train.py").write_text(LAZY.replace("import lazy", f"print({unique!r})"))
    machine.run({"do": "bundle"})

    style = document(machine, "explain", *options(unique), "tasks/train.py", status=1)["entries"][-1]

    assert style["causes"] == ["the team has these files with copy style all"]
    assert (style["copy_style"], style["files"]) == ("loaded_modules", 1)


def test_script_with_another_root(machines: Machines, unique: str) -> None:
    machine = machines()
    inner = machine.root / "tasks"
    inner.mkdir()
    (inner / "main.py").write_text(LAZY.replace("import lazy", f"print({unique!r})"))
    there = Machine(**{**vars(machine), "root": inner})
    there.run({"do": "deploy"})

    found = document(machine, "explain", *options(unique), "tasks/main.py", status=1)["entries"][-1]

    assert found["causes"] == [f"the team has these files with --root-dir {inner}"]


def test_script_listed_with_ruff(machines: Machines, unique: str) -> None:
    utils = pytest.importorskip("flyte._code_bundle._utils")
    if not hasattr(utils, "_ruff_is_available"):
        pytest.skip("This Flyte lists files without ruff")
    without, with_ruff = machines(), machines()
    (without.root / "main.py").write_text(LAZY)
    (without.root / "lazy.py").write_text(f"print({unique!r})\n")
    (with_ruff.home / "bin/ruff").symlink_to(Path(sys.executable).with_name("ruff"))
    without.run({"do": "deploy"})

    found = document(with_ruff, "explain", *options(unique), "main.py", status=1)["entries"][-1]

    assert found["ruff"]
    assert found["causes"] == ["the team has these files as Flyte lists them without ruff"]
    with_ruff.run({"do": "deploy"})
    (without.root / "main.py").write_text(LAZY.replace("return 1", "return 2"))
    other = document(without, "explain", *options(unique), "main.py", status=1)["entries"][-1]
    assert "perhaps ruff: Flyte lists files without it here, and others elsewhere" in other["causes"]


class Knowing:
    """A service that has no entry, and explains it."""

    def __init__(self, **told: Any) -> None:
        self.told = answer("200 OK", "application/json", json.dumps({"outcome": "unknown", **told}))
        self.server = Server(self.behave)

    def behave(self, s: socket.socket, request: bytes) -> None:
        explains = request.startswith((b"POST /images/explain", b"POST /bundles/explain"))
        (self.told if explains else MISS)(s, request)


def test_service_says_why(machines: Machines) -> None:
    platforms = {"part": "platforms", "yours": "linux/amd64,linux/arm64", "theirs": "linux/amd64"}
    differs = [{"part": "tag", "yours": "v2", "theirs": "v1"}, platforms]
    event = {"at": "2026-11-25T10:00:00Z", "kind": "removed"}
    text = "It was removed by a webhook on 2026-11-25 at 10:00."
    service = Knowing(cause="removed", text=text, nearest=[{"entry": {}, "differs": differs}], event=event)
    machine = machines(url=service.server.url)

    output = words(machine.cli("explain", "ghcr.io/acme/app:v2", status=1))
    (found,) = document(machine, "explain", "ghcr.io/acme/app:v2", status=1)["entries"]

    assert f"miss: the team does not have it {text} the team has it with tag v1 and platforms linux/amd64" in output
    assert (found["cause"], found["text"], found["event"]) == ("removed", text, event)
    (near,) = found["nearest"]
    assert near["differs"] == {"tag": "v1", "platforms": ["linux/amd64"]}
    (sent,) = {json.loads(r[r.index(b"{") :])["tag"] for r in service.server.requests if r.startswith(b"POST")}
    assert sent == "v2"
    assert not any(r.startswith(b"GET /images?") for r in service.server.requests)  # no search of its own
    service.server.close()


def test_service_says_why_a_bundle_is_missing(machines: Machines) -> None:
    service = Knowing(cause="expired", text="It expired.")

    found = document(machines(url=service.server.url), "explain", ".", status=1)["entries"][-1]

    assert (found["cause"], found["nearest"]) == ("expired", [])
    service.server.close()


@pytest.mark.parametrize("nearest", ["none", [1], [{"differs": "x"}], [{"differs": [{"theirs": "tag"}, 2]}]])
def test_what_a_service_says_is_not_trusted(machines: Machines, nearest: object) -> None:
    service = Knowing(cause=1, text=["x"], nearest=nearest, event="none")

    (found,) = document(machines(url=service.server.url), "explain", "ghcr.io/acme/app:v2", status=1)["entries"]

    assert (found["outcome"], found["nearest"]) == ("miss", [])
    assert not {"cause", "text", "event"} & set(found)
    service.server.close()


@pytest.mark.parametrize("refuses", [older, READ_ONLY])
def test_client_searches_where_the_service_does_not_explain(machines: Machines, refuses: Any) -> None:
    entry = {"hash": "0" * 64, "image_uri": "ghcr.io/acme/app:v2", "created_at": "x", "expires_at": "x"}
    page = {"entries": [{**entry, "platforms": ["linux/arm64"]}]}
    listed = answer("200 OK", "application/json", json.dumps(page))

    def behave(s: socket.socket, request: bytes) -> None:
        (refuses if request.startswith(b"POST") else listed if request.startswith(b"GET /images?") else MISS)(
            s, request
        )

    server = Server(behave)

    (found,) = document(machines(url=server.url), "explain", "ghcr.io/acme/app:v2", status=1)["entries"]

    assert found["nearest"][0]["differs"] == {"platforms": ["linux/arm64"]}
    server.close()


def test_explanation_of_an_entry_that_is_there_is_no_lookup(machines: Machines, unique: str, service: Service) -> None:
    machine = machines()
    uri = machine.run(exists(unique)).values[0]
    before = httpx.get(f"{service.url}/stats").json()["images"]["hits"]

    (found,) = document(machine, "explain", *options(unique), uri)["entries"]

    assert found["outcome"] == "hit"
    assert httpx.get(f"{service.url}/stats").json()["images"]["hits"] == before


def test_removed_entry_is_named(machines: Machines, unique: str, service: Service) -> None:
    machine = machines()
    uri = machine.run(exists(unique)).values[0]
    (entry,) = service.entries("images", image_uri=uri)
    service.delete("images", entry["hash"])

    (found,) = document(machine, "explain", *options(unique), uri, status=1)["entries"]

    assert (found["outcome"], found["cause"]) == ("miss", "removed")
    assert "It was removed at" in found["text"]
