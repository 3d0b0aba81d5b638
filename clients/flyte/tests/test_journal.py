"""The files of this machine in a bad state: the team's answers are used all the same, and none is taken for own."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Machine, Service, exists
from test_forget import document

Machines = Callable[..., Machine]


def journal(machine: Machine) -> Path:
    return machine.cache.with_name("dejavu.db")


def forget(service: Service, uri: str) -> None:
    service.delete("images", service.entries("images", image_uri=uri)[0]["hash"])


def damaged_ones(machine: Machine) -> list[Path]:
    return [path for path in machine.cache.parent.iterdir() if ".damaged-" in path.name]


def other_schema(path: Path) -> None:
    with closing(sqlite3.connect(path)) as c, c:
        c.execute("create table borrowed (key text, since text)")


def folder(path: Path) -> None:
    path.mkdir()
    (path / "file").write_text("in the way")


def torn(path: Path) -> None:
    """Damage all pages but the first, which only a query notices."""
    with closing(sqlite3.connect(path)) as c, c:
        c.execute(
            "create table borrowed (collection text not null, key text not null, at real not null, "
            "primary key (collection, key)) without rowid"
        )
        c.execute(
            "create table tally (collection text not null, what text not null, n integer not null, "
            "seconds real not null, primary key (collection, what)) without rowid"
        )
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


DAMAGES = {
    "garbage": lambda path: path.write_bytes(b"damaged" * 1000),
    "other schema": other_schema,
    "folder": folder,
    "torn": torn,
}


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_damaged_journal_is_moved_aside_and_begun_anew(machines: Machines, unique: str, damage: str) -> None:
    first, second = machines(), machines()
    worked = first.run(exists(unique), {"do": "bundle"})
    second.cache.parent.mkdir(parents=True)
    DAMAGES[damage](journal(second))

    run = second.run(exists(unique), {"do": "bundle"})

    assert (run.values, run.checks, run.uploads) == (worked.values, 0, 0)
    assert run.occurrences("The journal of the team cache is begun anew") == 1
    assert len(damaged_ones(second)) == 1
    assert "images: 1 hits" in second.cli("status")
    assert second.run(exists(unique)).occurrences("begun anew") == 0


def test_rows_of_a_damaged_journal_stay_borrowed(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(), machines()
    uri = first.run(exists(unique)).values[0]
    second.run(exists(unique))
    journal(second).write_bytes(b"damaged" * 1000)
    second.run(exists(f"{unique}-2"))
    forget(service, uri)

    assert second.run(exists(unique)).checks == 1


def test_two_processes_renew_a_damaged_journal_once(machines: Machines, unique: str) -> None:
    first, second = machines(), machines()
    uri = first.run(exists(unique)).values[0]
    second.cache.parent.mkdir(parents=True)
    journal(second).write_bytes(b"damaged" * 1000)
    go = second.home / "go"
    code = (
        "import sys, time, pathlib\nfrom dejavu_flyte.journal import HIT, Journal\n"
        "from dejavu_flyte.keys import ImageKey\njournal = Journal(lambda: pathlib.Path(sys.argv[1]), timeout=5)\n"
        "while not pathlib.Path(sys.argv[2]).exists(): pass\n"
        "for _ in range(50): journal.count(ImageKey, HIT)\n"
    )
    command = [sys.executable, "-c", code, str(journal(second)), str(go)]
    processes = [subprocess.Popen(command, env=second.env()) for _ in range(4)]
    time.sleep(2)
    go.touch()
    for process in processes:
        assert process.wait(timeout=60) == 0

    run = second.run(exists(unique))

    assert (run.values, run.checks) == ([uri], 0)
    with closing(sqlite3.connect(journal(second))) as c:
        assert c.execute("pragma integrity_check").fetchone() == ("ok",)


def test_locked_journal_makes_no_row_an_own_one(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(), machines()
    uris = first.run(exists(unique), exists(f"{unique}-2")).values
    second.run(exists(unique))
    forget(service, uris[0])
    with closing(sqlite3.connect(journal(second), isolation_level=None)) as other:
        other.execute("begin exclusive")
        run = second.run(exists(unique), exists(f"{unique}-2"))
        assert run.checks == 1  # of the forgotten one
        assert run.values == uris


def test_lock_for_a_moment_does_not_end_the_journal(machines: Machines, unique: str) -> None:
    first, second = machines(), machines()
    uri = first.run(exists(unique)).values[0]
    second.cli("status")
    go, done = second.home / "go", second.home / "done"

    def lock() -> None:
        with closing(sqlite3.connect(journal(second), isolation_level=None)) as other:
            other.execute("begin exclusive")
            go.touch()
            while not done.exists():
                time.sleep(0.1)

    holder = threading.Thread(target=lock)
    holder.start()
    run = second.run(
        {"do": "wait", "path": str(go)},
        {"do": "read", "name": "absent"},  # meets the lock
        {"do": "touch", "path": str(done)},
        {"do": "sleep", "seconds": 1.5},
        exists(unique),
    )
    holder.join()

    assert (run.values[4], run.checks) == (uri, 0)
    assert second.run(exists(unique), DEJAVU_URL="").checks == 0  # it could be noted, so it was kept


def test_journal_needs_no_shared_memory(machines: Machines, unique: str) -> None:
    machine = machines()
    machine.cache.parent.mkdir(parents=True)
    with closing(sqlite3.connect(journal(machine))) as c:  # as earlier versions left it
        c.execute("pragma journal_mode = wal")
        c.execute("create table other (n integer)")

    machine.run(exists(unique))

    with closing(sqlite3.connect(journal(machine))) as c:
        assert c.execute("pragma journal_mode").fetchone() != ("wal",)
    assert "1 misses" in machine.cli("status")


HOMES = {
    "folder is a file": lambda home: (home / ".flyte").write_text("not a folder"),
    "cache is damaged": lambda home: write(home / ".flyte/local-cache/cache.db", b"damaged" * 1000),
    "cache is a folder": lambda home: (home / ".flyte/local-cache/cache.db").mkdir(parents=True),
    "cache has another schema": lambda home: other_cache(home / ".flyte/local-cache/cache.db"),
}


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)


def other_cache(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as c, c:
        c.execute("create table image_cache (name text)")
        c.execute("create table bundle_cache (name text)")


@pytest.mark.parametrize("state", HOMES, ids=str)
def test_answer_is_used_where_flyte_cannot_remember_it(machines: Machines, unique: str, state: str) -> None:
    first, second = machines(), machines()
    worked = first.run(exists(unique), {"do": "bundle"})
    HOMES[state](second.home)

    run = second.run(exists(unique), {"do": "bundle"})

    assert (run.values, run.checks, run.uploads) == (worked.values, 0, 0)


def test_answer_is_used_without_a_home(machines: Machines, unique: str) -> None:
    first, second = machines(), machines()
    worked = first.run(exists(unique), {"do": "bundle"})

    run = second.run(exists(unique), {"do": "bundle"}, HOME="/dev/null/none")

    assert (run.values, run.checks, run.uploads) == (worked.values, 0, 0)


def delete_local_cache(machine: Machine) -> None:
    def flyte(*arguments: str) -> str:
        command = [machine.flyte, "delete", *arguments]
        return subprocess.run(
            command, env=machine.env(), cwd=machine.root, capture_output=True, text=True, check=True
        ).stdout

    if "local-cache" in flyte("--help"):
        flyte("local-cache")
    else:  # older versions leave it to their users
        shutil.rmtree(machine.cache.parent)


def test_delete_local_cache_forgets_what_was_borrowed(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(), machines()
    uri = first.run(exists(unique)).values[0]
    second.run(exists(unique))
    delete_local_cache(second)
    assert not journal(second).exists()
    forget(service, uri)
    second.run(exists(unique), DEJAVU_URL="")

    assert second.run(exists(unique)).checks == 0  # an own row by now, so not looked up


def test_delete_local_cache_under_a_running_process(machines: Machines, unique: str, service: Service) -> None:
    first, second = machines(), machines()
    uri = first.run(exists(unique, tag="v1")).values[0]
    assert uri == f"ghcr.io/acme/{unique}:v1"
    go, there = second.home / "go", second.home / "there"

    def delete() -> None:
        while not journal(second).exists():
            time.sleep(0.1)
        time.sleep(1)
        forget(service, uri)
        delete_local_cache(second)
        there.touch()
        go.touch()

    other = threading.Thread(target=delete)
    other.start()
    read = {"do": "read", "name": unique}
    run = second.run(read, {"do": "wait", "path": str(go)}, read)
    other.join()

    assert run.values == [uri, None, None]


def test_messages_about_the_journal_are_no_part_of_a_document(machines: Machines, unique: str) -> None:
    machine = machines()
    machine.cache.parent.mkdir(parents=True)
    journal(machine).write_bytes(b"damaged" * 1000)

    assert "error" not in document(machine, "status")["machine"]["journal"]

    assert len(damaged_ones(machine)) == 1
