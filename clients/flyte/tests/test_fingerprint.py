"""A bundle of the team is used only if its archive is the one that Flyte would make here."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from conftest import Machine, Service
from flyte._code_bundle._packaging import create_bundle

from dejavu_flyte.fingerprint import Listing, of_archive

Machines = Callable[..., Machine]
Change = Callable[[Path], None]

BUNDLE = {"do": "bundle"}


def tree(root: Path) -> Path:
    (root / "tasks").mkdir(parents=True)
    (root / "main.py").write_text("print(1)\n")
    (root / "tasks/train.py").write_text("a = 1\n")
    (root / "tasks/run.sh").write_text("#!/bin/sh\n")
    (root / "tasks/run.sh").chmod(0o755)
    (root / "tasks/ü.txt").write_bytes(bytes(range(256)) * 5000)
    (root / "empty").write_text("")
    (root / "link.py").symlink_to("main.py")
    os.link(root / "main.py", root / "twin.py")
    return root


def files(root: Path) -> tuple[str, ...]:
    return tuple(sorted(str(path) for path in root.rglob("*") if path.is_file()))


def fingerprints(root: Path, output: Path, names: tuple[str, ...] | None = None, **deref: bool) -> Iterator[str | None]:
    """Make one of the files and one of the archive that Flyte makes of them."""
    names = files(root) if names is None else names
    yield Listing("d", str(root), names, deref.get("deref_symlinks", False)).fingerprint()
    output.mkdir(exist_ok=True)
    archive, _, _ = create_bundle(root, output, list(names), "d", **deref)
    yield of_archive(archive)


@pytest.mark.parametrize("deref", [True, False])
def test_files_and_their_archive_have_one_fingerprint(tmp_path: Path, deref: bool) -> None:
    root = tree(tmp_path / "code")
    (tmp_path / "outside.py").write_text("")
    names = (*files(root), str(tmp_path / "outside.py"))

    ours, theirs = fingerprints(root, tmp_path / "out", names, deref_symlinks=deref)

    assert ours == theirs
    assert ours
    assert ours.startswith("v1:")
    with tarfile.open(tmp_path / "out/fastd.tar.gz") as archive:
        kinds = {member.name: member.type for member in archive}
    assert (kinds["link.py"], kinds["twin.py"]) == ((b"0", b"0") if deref else (b"2", b"1"))


def rewrite(name: str, text: str) -> Change:
    return lambda root: (root / name).write_text(text) and None


def split(root: Path) -> None:
    (root / "tasks/train.py").rename(root / "taskstrain.py")


def link(root: Path) -> None:
    (root / "link.py").unlink()
    shutil.copy(root / "main.py", root / "link.py")


def relink(root: Path) -> None:
    (root / "link.py").unlink()
    (root / "link.py").symlink_to("twin.py")


def untwin(root: Path) -> None:
    (root / "twin.py").unlink()
    shutil.copy(root / "main.py", root / "twin.py")


CHANGES: dict[str, Change] = {
    "private": lambda root: (root / "main.py").chmod(0o600),
    "executable": lambda root: (root / "tasks/train.py").chmod(0o755),
    "setuid": lambda root: (root / "tasks/run.sh").chmod(0o4755),
    "content": rewrite("tasks/train.py", "a = 2\n"),
    "longer": rewrite("empty", "x"),
    "slash": split,
    "gone": lambda root: (root / "empty").unlink(),
    "link": link,
    "target": relink,
    "hard link": untwin,
}


@pytest.mark.parametrize("change", CHANGES)
def test_other_archives_have_other_fingerprints(tmp_path: Path, change: str) -> None:
    root = tree(tmp_path / "code")
    before, _ = fingerprints(root, tmp_path / "out")

    CHANGES[change](root)

    ours, theirs = fingerprints(root, tmp_path / "out")
    assert ours == theirs
    assert ours != before


def test_a_file_that_ends_elsewhere(tmp_path: Path) -> None:
    """Flyte's digest takes `1` + `a` + `b` for `1a` + `b`."""
    made = []
    for n, (first, second) in enumerate([("x = 1\n", "y = 2\n"), ("x = 1\ny", " = 2\n")]):
        root = tmp_path / str(n)
        root.mkdir()
        (root / "a").write_text(first)
        (root / "b").write_text(second)
        made.append(next(fingerprints(root, tmp_path / "out")))

    assert made[0] != made[1]


def test_what_vanished_or_cannot_be_read(tmp_path: Path) -> None:
    root = tree(tmp_path / "code")
    gone = (*files(root), str(root / "gone.py"))

    assert Listing("d", str(root), gone, dereference=True).fingerprint() == next(
        fingerprints(root, tmp_path / "out", deref_symlinks=True)
    )
    (tmp_path / "broken.tar.gz").write_bytes(b"no archive")
    assert of_archive(tmp_path / "broken.tar.gz") is None
    assert of_archive(tmp_path / "none.tar.gz") is None


def chmod(root: Path, mode: int) -> None:
    (root / "main.py").chmod(mode)


@pytest.mark.parametrize("step", [BUNDLE, {"do": "relative", "paths": ["main.py"]}], ids=["all", "relative"])
def test_other_modes_are_a_miss(machines: Machines, service: Service, step: dict[str, object]) -> None:
    first, second, third = machines(), machines(), machines()
    chmod(first.root, 0o600)
    path = first.run(step).values[0][0]

    chmod(first.root, 0o644)
    other = second.run(step)

    assert other.uploads == 1
    assert third.run(step).uploads == 0
    entries = service.entries("bundles", remote_path=path)
    assert len({entry["fingerprint"] for entry in entries}) <= 1


def test_two_layouts_with_one_digest(machines: Machines, unique: str) -> None:
    first, second = machines(), machines()
    (first.root / "tasks").mkdir()
    (first.root / "tasks/train.py").write_text("x = 1\n")
    first.run(BUNDLE)
    (first.root / "tasks/train.py").rename(first.root / "taskstrain.py")
    (first.root / "tasks").rmdir()

    run = second.run(BUNDLE)

    assert run.uploads == 1


def test_link_where_a_file_was(machines: Machines) -> None:
    first, second, third = machines(), machines(), machines()
    step = {"do": "relative", "paths": ["main.py", "other.py"]}
    shutil.copy(first.root / "main.py", first.root / "other.py")
    first.run(step)
    (first.root / "other.py").unlink()
    (first.root / "other.py").symlink_to("main.py")

    assert second.run(step).uploads == 1
    assert third.run(step).uploads == 0


def test_entry_without_a_fingerprint_is_a_miss(machines: Machines, service: Service) -> None:
    first, second = machines(), machines()
    path, version = first.run(BUNDLE).values[0]
    (entry,) = service.entries("bundles", remote_path=path)
    assert re.fullmatch("v1:[0-9a-f]{64}:" + version, entry["fingerprint"])
    members = {
        "hash_digest": version,
        "remote_path": path,
        "scope": entry["scope"],
        "files_digest": entry["files_digest"],
    }
    httpx.put(f"{service.url}/bundles/{entry['digest']}", json=members).raise_for_status()

    assert second.run(BUNDLE).uploads == 1


def test_fingerprint_of_another_archive_is_a_miss(machines: Machines, service: Service) -> None:
    """An older instance of the service stores another archive, and keeps the fingerprint that it does not know."""
    first, second = machines(), machines()
    path = first.run(BUNDLE).values[0][0]
    (entry,) = service.entries("bundles", remote_path=path)
    members = ("remote_path", "scope", "files_digest", "fingerprint")
    body = {"hash_digest": "0" * 32, **{member: entry[member] for member in members}}
    httpx.put(f"{service.url}/bundles/{entry['digest']}", json=body).raise_for_status()

    explained = second.cli("explain", "-p", second.project, "-d", "development", ".", status=1)
    run = second.run(BUNDLE)

    assert "its fingerprint is that of another archive" in explained
    assert run.uploads == 1
    assert machines().run(BUNDLE).uploads == 0


def test_borrowed_row_of_another_archive_is_a_miss_without_the_team(machines: Machines) -> None:
    first, second = machines(), machines()
    first.run(BUNDLE)
    second.run(BUNDLE)
    second.set_local("bundle_cache", "hash_digest", "0" * 32)

    assert second.run(BUNDLE, DEJAVU_URL="http://127.0.0.1:9").uploads == 1


def test_file_that_changes_before_the_upload_harms_nobody(machines: Machines, service: Service) -> None:
    first, second = machines(), machines()
    text = (first.root / "main.py").read_text()
    path = first.run({**BUNDLE, "changes": "print('half')\n"}).values[0][0]
    (first.root / "main.py").write_text(text)

    run = second.run(BUNDLE)

    assert run.uploads == 1
    (entry,) = service.entries("bundles", remote_path=run.values[0][0])
    assert entry["remote_path"] == path  # of the same name, as the digest is the same
    assert machines().run(BUNDLE).uploads == 0


def test_borrowed_row_is_held_to_it_without_the_team(machines: Machines) -> None:
    first, second = machines(), machines()
    first.run(BUNDLE)
    second.run(BUNDLE)
    off = "http://127.0.0.1:9"

    assert second.run(BUNDLE, DEJAVU_URL=off).uploads == 0
    chmod(second.root, 0o600)
    assert second.run(BUNDLE, DEJAVU_URL=off).uploads == 1
