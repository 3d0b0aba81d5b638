"""Many processes of Flyte need one new image at the same time, with the real service: one builds it.

The long form is not part of the tests: `FLYTE=2.12.1 ./test tests/test_crowd.py -m bench -n 0 -s` prints what it saw.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Machine, Service, build, exists
from servers import free_port

Machines = Callable[..., Machine]

# Everybody may be slow on a machine that all of them share.
PATIENT = {"DEJAVU_TIMEOUT": "10"}


class Crowd:
    """Processes that have started, and ask for one image at one moment."""

    def __init__(self, machines: Machines, n: int, image: str, folder: Path, seconds: float, **differing: Any) -> None:
        self._go = folder / "go"
        self._machines = [machines(**differing) for _ in range(n)]
        self._processes = []
        for number, machine in enumerate(self._machines):
            steps = [
                exists(f"{image.removeprefix('absent-')}-{number}"),
                self._step("touch", folder / f"ready{number}"),
            ]
            steps += [self._step("wait", self._go), build(image)]
            env = machine.env(BUILD_SECONDS=str(seconds), **PATIENT)
            with (machine.home / "output").open("w") as output:
                self._processes.append(
                    subprocess.Popen(machine.command(*steps), env=env, cwd=machine.root, stdout=output, stderr=output)
                )
        until(lambda: all((folder / f"ready{number}").exists() for number in range(n)), 600)

    @staticmethod
    def _step(do: str, path: Path) -> dict[str, Any]:
        return {"do": do, "path": str(path)}

    def go(self) -> float:
        """Let all of them ask; return the time."""
        begin = time.time()
        self._go.touch()
        return begin

    def end(self) -> None:
        """Wait until all have ended well."""
        for process, machine in zip(self._processes, self._machines, strict=True):
            assert process.wait(timeout=600) == 0, (machine.home / "output").read_text()

    @property
    def outputs(self) -> list[str]:
        return [(machine.home / "output").read_text() for machine in self._machines]

    @property
    def waiting(self) -> int:
        return sum("Waiting for " in output for output in self.outputs)

    @property
    def builds(self) -> list[float]:
        """When each build began."""
        lines = [line for m in self._machines for line in (m.home / "docker.log").read_text().splitlines()]
        return sorted(float(line.split()[0]) for line in lines if " buildx build " in line)

    @property
    def seconds(self) -> list[float]:
        """How long each took, from the moment when all asked."""
        results = [json.loads((m.home / "result.json").read_text())["results"] for m in self._machines]
        assert len({result[3]["value"] for result in results}) == 1
        return sorted(result[3]["seconds"] for result in results)

    @property
    def waited(self) -> int:
        return sum(bool(re.search(r"waited \S+ s for 1 build of others", output)) for output in self.outputs)


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_image_that_eight_need_is_built_once(machines: Machines, unique: str, tmp_path: Path) -> None:
    crowd = Crowd(machines, 8, f"absent-{unique}", tmp_path, 3)

    crowd.go()
    crowd.end()

    assert len(crowd.builds) == 1
    assert crowd.waited == 7


@pytest.mark.bench
def test_image_that_fifty_need_is_built_once(machines: Machines, unique: str, tmp_path: Path) -> None:
    crowd = Crowd(machines, 50, f"absent-{unique}", tmp_path, 20)

    begin = crowd.go()
    crowd.end()

    said(crowd, begin)
    assert len(crowd.builds) == 1
    assert crowd.waited == 49


@pytest.mark.bench
def test_service_that_is_killed_lets_all_build(machines: Machines, unique: str, tmp_path: Path) -> None:
    killed = Service(tmp_path / "killed")
    crowd = Crowd(machines, 20, f"absent-{unique}", tmp_path, 60, url=killed.url)
    begin = crowd.go()
    until(lambda: crowd.waiting == 19)

    at = time.time()
    killed.kill()
    until(lambda: len(crowd.builds) == 20)

    print(f"\nkilled after {at - begin:.1f} s; the others build {[round(b - at, 2) for b in crowd.builds[1:]]} s later")
    crowd.end()


@pytest.mark.bench
def test_rolling_restart_behind_a_proxy_lets_nobody_build(
    machines: Machines, unique: str, tmp_path: Path, team: Team
) -> None:
    crowd = Crowd(machines, 50, f"absent-{unique}", tmp_path, 60, url=team.url)
    begin = crowd.go()
    until(lambda: crowd.waiting == 49)

    for number in range(3):
        team.restart(number)
    restarted = time.time() - begin
    crowd.end()

    print(f"\nrestarted all by {restarted:.1f} s", end="")
    said(crowd, begin)
    assert len(crowd.builds) == 1
    assert crowd.waited == 49


def said(crowd: Crowd, begin: float) -> None:
    (first, *_), seconds = crowd.builds, crowd.seconds
    print(
        f"\n{len(crowd.builds)} build, which began after {first - begin:.2f} s; {crowd.waited} waits; all ended "
        f"{seconds[0]:.2f} to {seconds[-1]:.2f} s after they asked"
    )


class Team:
    """Three instances with PostgreSQL behind nginx."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = [free_port() for _ in range(5)]
        data = folder / "data"
        user = ["--username=postgres"]
        postgres("initdb", "--auth=trust", "--no-sync", f"--pgdata={data}", *user)
        options = f"-p {self._ports[4]} -h 127.0.0.1 -k ''"
        postgres(
            "pg_ctl", "start", "--wait", f"--pgdata={data}", f"--log={folder / 'postgres.log'}", f"--options={options}"
        )
        self._instances = [self._start(number) for number in range(3)]
        servers = "".join(f"server 127.0.0.1:{port} max_fails=0;" for port in self._ports[:3])
        (folder / "nginx.conf").write_text(
            f"pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{ worker_connections 1024; }}\n"
            f"http {{ access_log off; upstream team {{ {servers} }}\n"
            + "".join(
                f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            + f"server {{ listen 127.0.0.1:{self._ports[3]};\n"
            'location / { proxy_pass http://team; proxy_http_version 1.1; proxy_set_header Connection "";\n'
            "proxy_set_header Host $host; proxy_connect_timeout 500ms; proxy_next_upstream error http_503; } } }\n"
        )
        run("nginx", "-c", str(folder / "nginx.conf"))
        self.url = f"http://127.0.0.1:{self._ports[3]}"

    def _start(self, number: int) -> Service:
        database = f"--spring.datasource.url=jdbc:postgresql://127.0.0.1:{self._ports[4]}/postgres?user=postgres"
        return Service(self._folder / f"instance{number}", database, f"--server.port={self._ports[number]}")

    def restart(self, number: int) -> None:
        self._instances[number].stop()
        self._instances[number] = self._start(number)

    def stop(self) -> None:
        run("nginx", "-c", str(self._folder / "nginx.conf"), "-s", "stop")
        for instance in self._instances:
            instance.stop()
        postgres("pg_ctl", "stop", "--mode=immediate", f"--pgdata={self._folder / 'data'}")


def postgres(*command: str) -> None:
    """Run a program that refuses to run as root: then as nobody, in a namespace of its own."""
    run(*(["unshare", "-U"] if os.getuid() == 0 else []), *command)


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    if not all(map(shutil.which, ("nginx", "initdb", "pg_ctl"))):
        pytest.skip("needs nginx and PostgreSQL")
    made = Team(tmp_path)
    yield made
    made.stop()
