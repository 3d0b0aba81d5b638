"""The real service, machines with separate homes, and a fake `docker` that answers for the registry."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

# Ignored, as in a job that a shell has put into the background, it would stay so in all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

HERE = Path(__file__).parent
BOTH = ["linux/amd64", "linux/arm64"]

# Every image exists, for both platforms, unless its name says otherwise; each call is a line in $DOCKER_LOG, after its
# time.
DOCKER = f"""#!{sys.executable} -S
import json, os, sys, time
with open(os.environ["DOCKER_LOG"], "a") as log:
    log.write(" ".join([str(time.time()), *sys.argv[1:]]) + "\\n")
if sys.argv[1:3] == ["buildx", "build"]:
    time.sleep(float(os.environ.get("BUILD_SECONDS", "0")))
    while not os.path.exists(os.environ.get("BUILD_UNTIL", "/")):
        time.sleep(0.05)
    sys.exit()
if sys.argv[1:4] == ["buildx", "imagetools", "inspect"]:
    if "DOCKER_FAILS" in os.environ:
        sys.exit("no route to host")
    time.sleep(float(os.environ.get("DOCKER_SECONDS", "0")))
    if "absent" in sys.argv[4]:
        sys.exit("manifest unknown")
    platforms = [{{"os": "linux", "architecture": a}} for a in ("amd64", "arm64")]
    print(json.dumps({{"manifests": [{{"platform": p}} for p in platforms]}}))
"""


REGISTRY = "registry.example.com"
"""A host name that is not local; the service resolves it to this machine."""

ADMIN = "an-administrator-of-the-tests"

BUILDER = "cr.example.com/acme"
"""Where the remote builder of the tests publishes."""


class Service:
    """The service in its own process, started as users start it."""

    def __init__(self, home: Path, *settings: str) -> None:
        java, jar = os.environ.get("DEJAVU_JAVA"), os.environ.get("DEJAVU_JAR")
        if not java or not jar:
            pytest.exit("The tests need the service: start them with clients/flyte/test", returncode=2)
        hosts = home / "hosts"
        home.mkdir(exist_ok=True)
        hosts.write_text(f"127.0.0.1 {REGISTRY}\n")
        command = [java, "-XX:TieredStopAtLevel=1", f"-Djdk.net.hosts.file={hosts}"]
        command += ["-jar", jar, f"--dejavu.home={home}", *settings]
        if not any(s.startswith("--dejavu.registry.allowed") for s in settings):
            command.append("--dejavu.registry.allowed=")
        if not any(s.startswith("--server.port") for s in settings):
            command.append("--server.port=0")
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self._process.stdout
        self._output: list[str] = []
        for line in self._process.stdout:
            self._output.append(line)
            if found := re.search(r"listening on (http://127\.0\.0\.1:\d+)", line):
                self.url = found[1]
                break
        else:
            raise AssertionError("".join(self._output))
        threading.Thread(target=self._output.extend, args=(self._process.stdout,), daemon=True).start()
        for collection in ("images", "bundles"):  # the first request of a new service takes as long as a hundred others
            httpx.get(f"{self.url}/{collection}/{0:064}", timeout=30)

    def entries(self, collection: str, **query: str) -> list[dict[str, Any]]:
        found = httpx.get(f"{self.url}/{collection}", params={"limit": 500, **query}).raise_for_status()
        return found.json()["entries"]

    def delete(self, collection: str, key: str) -> None:
        httpx.delete(f"{self.url}/{collection}/{key}").raise_for_status()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=60)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(timeout=60)


@dataclass
class Run:
    """What happened; `line` is the one at the end, without which the `output` is."""

    values: list[Any]
    seconds: list[float]
    uploads: int
    backend: int
    checks: int
    builds: int
    wall: float
    output: str
    line: str
    modules: list[str]
    threads: list[str]

    def occurrences(self, text: str) -> int:
        """Count a text in the output, in which a terminal may have wrapped long lines."""
        return " ".join(self.output.split()).count(text)


@dataclass
class Machine:
    """A laptop or a runner: its own home, and the code of a project, which all machines share."""

    home: Path
    root: Path
    project: str
    url: str | None
    endpoint: str | None = "dns:///flyte.example.com"
    upload_to: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable

    @property
    def scope(self) -> str:
        host = (self.endpoint or "").removeprefix("dns:///")
        return f"{'https://' + host if host else ''}:{self.project}:development"

    @property
    def cache(self) -> Path:
        return self.home / ".flyte/local-cache/cache.db"

    def env(self, **more: str) -> dict[str, str]:
        kept = ("LANG", "TMPDIR", "SSL_CERT_FILE")
        env = {name: os.environ[name] for name in kept if name in os.environ}
        env |= {"HOME": str(self.home), "PATH": f"{self.home}/bin:/usr/bin:/bin", "COLUMNS": "400"}
        env |= {"DOCKER_LOG": str(self.home / "docker.log"), "RESULT": str(self.home / "result.json")}
        if self.url:
            env["DEJAVU_URL"] = self.url
        return env | self.environment | more

    def run(self, *steps: dict[str, Any], builder: str = "local", **env: str) -> Run:
        """Run Flyte once."""
        log = self.home / "docker.log"
        log.write_text("")
        begin = time.monotonic()
        said = self._call(self.command(*steps, builder=builder), 0, env)
        output, line, rest = said.partition("Team cache: ")
        assert rest.count("\n") == bool(line), rest  # it is the last one
        wall = time.monotonic() - begin
        done = json.loads((self.home / "result.json").read_text())
        calls = log.read_text().splitlines()
        return Run(
            values=[r["value"] for r in done["results"]],
            seconds=[r["seconds"] for r in done["results"]],
            uploads=done["uploads"],
            backend=done["backend"],
            checks=sum("imagetools inspect" in c for c in calls),
            builds=sum("buildx build" in c for c in calls),
            wall=wall,
            output=output,
            line=line + rest.rstrip("\n"),
            modules=done["modules"],
            threads=done["threads"],
        )

    def command(self, *steps: dict[str, Any], builder: str = "local") -> list[str]:
        """Return what runs Flyte once."""
        job = {
            "endpoint": self.endpoint,
            "project": self.project,
            "domain": "development",
            "root": str(self.root),
            "builder": builder,
            "upload_to": self.upload_to or f"s3://bucket/{self.project}/development",
            "steps": list(steps),
        }
        return [self.python, str(HERE / "run.py"), json.dumps(job)]

    @property
    def flyte(self) -> Path:
        """The command."""
        return Path(sys.executable).with_name("flyte")

    def cli(self, *arguments: str, status: int = 0, **env: str) -> str:
        """Run `flyte team-cache` and return what it prints."""
        flyte = [str(self.flyte)]
        if self.endpoint:
            flyte += ["--endpoint", self.endpoint]
        return self._call([*flyte, "team-cache", *arguments], status, env)

    def _call(self, command: list[str], status: int, env: dict[str, str]) -> str:
        process = subprocess.run(
            command, env=self.env(**env), cwd=self.root, capture_output=True, text=True, timeout=120, check=False
        )
        output = process.stdout + process.stderr
        assert process.returncode == status, output
        assert "Traceback" not in output, output
        return output

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.cache) as c:
            return c.execute(f"select * from {table} order by created_at").fetchall()

    def set_local(self, table: str, column: str, value: str) -> None:
        """Change a column of all local rows."""
        with sqlite3.connect(self.cache) as c:
            c.execute(f"update {table} set {column} = ?", (value,))

    def age(self, seconds: float) -> None:
        """Make the local rows older."""
        with sqlite3.connect(self.cache) as c:
            c.execute("update image_cache set created_at = created_at - ?", (seconds,))
            c.execute("update bundle_cache set created_at = created_at - ?", (seconds,))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests; each test uses its own keys."""
    running = Service(tmp_path_factory.mktemp("service"), f"--dejavu.image.prefixes={BUILDER}")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that knows its callers, with no token but that of its administrator."""
    home = tmp_path_factory.mktemp("guarded")
    running = Service(home, "--dejavu.access.mode=tokens", f"--dejavu.admin-token={ADMIN}")
    yield running
    running.stop()


@pytest.fixture
def machines(service: Service, tmp_path: Path, unique: str) -> Callable[..., Machine]:
    """Make machines of one team."""
    numbers = itertools.count(1)
    root = tmp_path / "code"
    root.mkdir()
    (root / "main.py").write_text(f"print({unique!r})\n")

    def make(**differing: Any) -> Machine:
        home = tmp_path / f"home{next(numbers)}"
        docker = home / "bin/docker"
        docker.parent.mkdir(parents=True)
        docker.write_text(DOCKER)
        docker.chmod(0o755)
        return Machine(**{"home": home, "root": root, "project": unique, "url": service.url, **differing})

    return make


@pytest.fixture
def unique(request: pytest.FixtureRequest) -> str:
    """Return a word that no other test uses."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return f"{name[:40].strip('-')}-{time.time_ns() % 10**9}"


def exists(name: str, platforms: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return {"do": "exists", "name": name, "platforms": platforms or BOTH, **more}


def build(name: str, platforms: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return {"do": "build", "name": name, "platforms": platforms or BOTH, **more}
