"""`flyte team-cache explain` names the cause of a miss."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Machine, exists
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
    assert "the team has it with" not in missed(f"ghcr.io/acme/{unique}-2:v1")


def test_image_of_another_project(machines: Machines, unique: str) -> None:
    machine = machines()
    uri = machine.run(exists(unique)).values[0]

    output = words(machine.cli("explain", "-p", unique, "-d", "production", uri, status=1))

    assert f"the team has it with scope {machine.scope} (another domain)" in output


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
