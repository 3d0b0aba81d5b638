"""The package costs nothing before Flyte asks its first question."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from conftest import Machine, exists
from servers import MISS, Server

Machines = Callable[..., Machine]

HEAVY = ["httpx", "dejavu_flyte.team", "dejavu_flyte.settings", "dejavu_flyte.journal", "dejavu_flyte.fingerprint"]

CHECK = """
import sys, threading
without = set(sys.modules)
import flyte
flyte.init(project="p", domain="d")
if sys.argv[1] == "on":
    assert "dejavu_flyte.hook" in sys.modules
print(sorted(sys.modules))
print([thread.name for thread in threading.enumerate()])
"""


def test_init_imports_and_starts_nothing(machines: Machines) -> None:
    server = Server(MISS)
    machine = machines(url=server.url)

    def modules(how: str, **env: str) -> set[str]:
        command = [sys.executable, "-c", CHECK, how]
        process = subprocess.run(
            command, env=machine.env(**env), cwd=machine.root, capture_output=True, text=True, check=True
        )
        names, threads = process.stdout.splitlines()[-2:]
        assert "dejavu" not in threads
        return set(eval(names))

    try:
        more = modules("on") - modules("off", DEJAVU_URL="")
    finally:
        server.close()

    assert more
    assert not more & set(HEAVY), more
    assert all(name.startswith("dejavu_flyte") for name in more), more
    assert server.connections == 0


def test_other_commands_open_no_connection(machines: Machines) -> None:
    server = Server(MISS)
    machine = machines(url=server.url)
    flyte = sys.executable.rpartition("/")[0] + "/flyte"
    try:
        for arguments in (["--help"], ["get", "--help"], ["get", "config"]):
            subprocess.run([flyte, *arguments], env=machine.env(), cwd=machine.root, capture_output=True, check=True)
    finally:
        server.close()

    assert server.connections == 0
    assert not machine.cache.with_name("dejavu.db").exists()


@pytest.mark.parametrize("first", ["image_builder", "docker_builder", "remote_builder"])
def test_modules_are_wrapped_in_any_order(machines: Machines, unique: str, first: str) -> None:
    one, other = machines(), machines()
    one.run(exists(unique))
    code = f"""
import flyte
flyte.init(endpoint="dns:///flyte.example.com", project={unique!r}, domain="development")
import importlib
importlib.import_module("flyte._internal.imagebuild.{first}")
from flyte._internal.imagebuild import docker_builder, image_builder, remote_builder
import flyte._code_bundle.bundle as bundle
for function in (image_builder._read_image_cache, image_builder._write_image_cache, bundle._read_bundle_cache,
                 bundle.create_bundle, docker_builder.DockerImageBuilder.get_checkers,
                 remote_builder.RemoteImageBuilder.get_checkers):
    assert function.__module__.startswith("flyte.") and hasattr(function, "__wrapped__"), function
    assert not hasattr(function.__wrapped__, "__wrapped__"), function
import inspect
assert "_write_image_cache" in inspect.getsource(image_builder)
"""
    subprocess.run([sys.executable, "-c", code], env=other.env(), cwd=other.root, check=True)


def test_commands_of_the_package_warm_nothing_up(machines: Machines) -> None:
    server = Server(MISS)
    try:
        machines(url=server.url).cli("explain", "ghcr.io/a/b:v1", status=1)
    finally:
        server.close()

    assert server.requests
    assert not any(b"/actuator/health" in request for request in server.requests)


def test_other_commands_import_nothing(machines: Machines) -> None:
    """Old versions of Flyte load the commands of all plugins for each of their own."""
    code = """
import contextlib, importlib.metadata, sys
from flyte.cli.main import main
(point,) = importlib.metadata.entry_points(group="flyte.plugins.cli.commands", name="team-cache")
point.load()
with contextlib.suppress(SystemExit):
    main(args=["get", "--help"], prog_name="flyte")
print(sorted(name for name in sys.modules if name.startswith("dejavu_flyte")))
"""
    machine = machines()
    done = subprocess.run(
        [sys.executable, "-c", code], env=machine.env(), cwd=machine.root, capture_output=True, text=True, check=True
    )

    assert eval(done.stdout.splitlines()[-1]) == ["dejavu_flyte", "dejavu_flyte.cli"]


def test_loaded_commands_do_not_stop_the_warm_up(machines: Machines) -> None:
    code = """
import importlib, sys
import dejavu_flyte.cli, dejavu_flyte.commands
import flyte
flyte.init(endpoint="dns:///flyte.example.com", project="p", domain="d")
importlib.import_module("flyte._internal.imagebuild.image_builder")
sys.stdin.read()
"""
    server = Server(MISS)
    machine = machines(url=server.url)
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, env=machine.env(), cwd=machine.root, stdin=subprocess.PIPE):
        end = time.monotonic() + 30
        while not server.requests and time.monotonic() < end:
            time.sleep(0.1)
    server.close()

    assert any(b"/actuator/health" in request for request in server.requests)


def test_settings_are_read_at_the_first_question(machines: Machines, unique: str) -> None:
    machine = machines()
    command = [sys.executable, "-c", CHECK, "on"]

    started = subprocess.run(
        command, env=machine.env(DEJAVU_TIMEOUT="no"), cwd=machine.root, capture_output=True, text=True, check=True
    )

    assert "team cache" not in started.stdout + started.stderr
    assert machine.run(exists(unique), DEJAVU_TIMEOUT="no").occurrences("DEJAVU_TIMEOUT must be") == 1


def test_defect_at_the_start_is_one_line(machines: Machines, unique: str) -> None:
    machine = machines()
    (machine.root / "sitecustomize.py").write_text(
        "import dejavu_flyte.team\ndef fail(*_): raise KeyError('the reason')\ndejavu_flyte.team.Team.__init__ = fail\n"
    )

    run = machine.run(exists(unique), exists(f"{unique}-2"), {"do": "bundle"}, PYTHONPATH=str(machine.root))

    assert run.checks == 2
    assert run.occurrences("The team cache is not used: KeyError: 'the reason'") == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_child_of_a_fork_does_not_wait_for_its_parent() -> None:
    code = """
import os, signal
from dejavu_flyte import run
with run._lock:
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        run.sharing()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", code], env={"DEJAVU_URL": "", "HOME": os.environ["HOME"]}, check=True)
