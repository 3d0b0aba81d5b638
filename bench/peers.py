"""The servers to measure: each on a free port of loopback, with the same entries in it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from loads import ALL, CREATED, EVEN, PAYLOAD, URI, Load, key

CONNECTIONS = 32
TICKS = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent


@dataclass
class Result:
    """Requests per second, and milliseconds; microseconds of CPU that the server and its database spent on an answer."""

    rate: float
    p50: float
    p99: float
    cpu: float = 0


class Failed(Exception):
    pass


def free_port() -> int:
    """A port that nobody listens on, and that no outgoing connection takes: Linux gives those 32768 and above."""
    while True:
        port = random.randrange(10_000, 32_768)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def tool(name: str) -> str | None:
    """Where a program is; PostgreSQL keeps its own off the path on Debian."""
    found = shutil.which(name)
    if found:
        return found
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path.home() / "go/bin", Path("/usr/sbin")]
    return next((str(place / name) for place in places if (place / name).exists()), None)


class Peer:
    """One server process. Only one runs at a time: a signal stops the others."""

    name = ""
    path = "/images/"
    loads: tuple[str, ...] = ()
    # Programs that it needs, each with the command that installs it.
    needs: dict[str, str] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder / self.name.replace(" ", "-").lower()
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.log: IO[bytes] = (self.folder / "log").open("wb")
        self.process: subprocess.Popen[bytes] | None = None

    def missing(self) -> list[str]:
        return [f"{name}: {install}" for name, install in self.needs.items() if tool(name) is None]

    def start(self) -> None:
        raise NotImplementedError

    def spawn(self, *command: str, **more: object) -> None:
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, **more)  # type: ignore[call-overload]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise Failed(f"{self.name} did not start: see {self.log.name}")

    def signal(self, number: signal.Signals) -> None:
        if self.process:
            os.kill(self.process.pid, number)

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process:
            self.thaw()
            self.process.terminate()
            self.process.wait(30)

    def warm(self, load: Load, seconds: int) -> None:
        """Runs until none of four slices in a row is the fastest so far, or the time is up."""
        rates: list[float] = []
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            rates.append(self.measure(load, 3).rate)
            if max(rates) not in rates[-4:]:
                return

    def measure(self, load: Load, seconds: int) -> Result:
        return self.wrk(load, self.path, seconds)

    def wrk(self, load: Load, path: str, seconds: int) -> Result:
        file = load.write(self.folder.parent, path)
        before = self.cpu()
        threads = min(64, (os.cpu_count() or 2) // 2) if load.connections > CONNECTIONS else 2
        output = run(tool("wrk") or "wrk", f"-t{threads}", f"-c{load.connections}",
                     f"-d{seconds}s", "--timeout", "10s", "-s", str(HERE / "load.lua"),
                     f"{'https' if load.tls else 'http'}://127.0.0.1:{self.port}", "--", str(file))
        answer = json.loads(output.splitlines()[-1])
        wrong = answer["refused"] if load.expected == 2 else answer["requests"] - answer["refused"]
        # wrk may cut the last request of each connection short
        if wrong > load.connections or answer["broken"]:
            raise Failed(f"{self.name}, {load.title}: {wrong} wrong answers, {answer['broken']} broken connections")
        return Result(answer["requests"] / answer["seconds"], answer["p50"], answer["p99"],
                      1e6 * (self.cpu() - before) / answer["requests"])

    def cpu(self) -> float:
        """Seconds of CPU that the server and its children have used."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                number, rest = stat.read_text(errors="replace").split(" (", 1)
                fields = rest.rsplit(") ", 1)[1].split()
                if self.process and self.process.pid in (int(number), int(fields[1])):
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def paced(self, rate: float, seconds: int) -> float | None:
        """The p99 in milliseconds of one hot key at a constant rate in requests per second, if that was reached."""
        log = self.folder / "paced"
        log.unlink(missing_ok=True)
        run(tool("h2load") or "h2load", "--h1", f"-c{CONNECTIONS}", "-t1", f"--rps={max(1, round(rate / CONNECTIONS))}",
            f"-D{seconds}", f"--log-file={log}", f"http://127.0.0.1:{self.port}{self.path}{key(7)}")
        times = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines())
        return times[int(len(times) * 0.99)] / 1000 if len(times) > 0.95 * rate * seconds else None


OPENSSL = {"openssl": "apt-get install openssl"}


def certify(folder: Path) -> tuple[Path, Path]:
    """Makes a certificate and its private key."""
    certificate, private = folder / "tls.crt", folder / "tls.key"
    run(tool("openssl") or "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-days", "2", "-subj", "/CN=localhost", "-out", str(certificate), "-keyout", str(private))
    return certificate, private


def run(*command: str, **more: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **more)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return str(done.stdout)


class Nginx(Peer):
    """A static file: the limit of HTTP on this machine."""

    name = "nginx"
    loads = ("hot", "even", "miss", "many")
    needs = {"nginx": "apt-get install nginx-light"}
    listen = ""

    def start(self) -> None:
        images = self.folder / "images"
        images.mkdir()
        for number in range(1, EVEN + 1):
            (images / key(number)).write_text(PAYLOAD)
        places = "".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in
                         ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(f"""
            daemon off; worker_processes auto; pid {self.folder}/pid; error_log /dev/null crit;
            events {{ worker_connections 512; }}
            http {{ access_log off; default_type application/json; keepalive_requests 1000000000; {places}
                server {{ listen 127.0.0.1:{self.port}{self.listen}; root {self.folder}; }} }}""")
        user = "user root;" if os.geteuid() == 0 else ""
        self.spawn(tool("nginx") or "nginx", "-c", str(self.folder / "nginx.conf"), "-g", user, start_new_session=True)

    def signal(self, number: signal.Signals) -> None:
        if self.process:
            os.killpg(self.process.pid, number)


class NginxTls(Nginx):
    name = "nginx, TLS"
    loads = ("tls",)
    needs = Nginx.needs | OPENSSL

    def start(self) -> None:
        certificate, private = certify(self.folder)
        self.listen = f" ssl; ssl_certificate {certificate}; ssl_certificate_key {private}"
        super().start()


class BazelRemote(Peer):
    """A build cache of the same shape: GET and PUT of /ac/."""

    name = "bazel-remote"
    path = "/ac/"
    loads = ("hot", "even", "miss", "mixed", "put", "many")
    needs = {"bazel-remote": "git clone https://github.com/buchgr/bazel-remote, go build -o ~/go/bin/"}
    fill = (Load("fill", "fill"), path, 40)

    def start(self) -> None:
        self.spawn(*self.command())
        self.wrk(*self.fill)

    def command(self) -> list[str]:
        return [tool("bazel-remote") or "bazel-remote", "--dir", str(self.folder / "data"), "--max_size", "5",
                "--http_address", f"127.0.0.1:{self.port}", "--grpc_address", "none", "--disable_http_ac_validation",
                "--access_log_level", "none"]


class BazelRemoteTls(BazelRemote):
    name = "bazel-remote, TLS"
    loads = ("tls",)
    needs = BazelRemote.needs | OPENSSL
    fill = (Load("fill", "fill", tls=True), BazelRemote.path, 3)

    def command(self) -> list[str]:
        certificate, private = certify(self.folder)
        return [*super().command(), "--tls_cert_file", str(certificate), "--tls_key_file", str(private)]


class Postgresql(Peer):
    """A plain query over a persistent connection, by PostgreSQL's own pgbench: the alternative of a team."""

    loads = ("hot", "even", "zipf", "miss", "put")
    needs = {"initdb": "apt-get install postgresql", "pgbench": "apt-get install postgresql-contrib"}

    def __init__(self, folder: Path, name: str = "PostgreSQL query") -> None:
        self.name = name
        super().__init__(folder)

    def start(self) -> None:
        bin_ = Path(tool("initdb") or "").parent
        data = self.folder / "data"
        # PostgreSQL does not run as root.
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, self.user)
            for parent in self.folder.parents:
                if parent.stat().st_mode & 0o005 != 0o005:
                    parent.chmod(0o755)
        run(str(bin_ / "initdb"), "-D", str(data), "-U", "dejavu", "-A", "trust", user=self.user)
        self.spawn(str(bin_ / "postgres"), "-D", str(data), "-p", str(self.port), "-k", str(self.folder),
                   "-c", "listen_addresses=127.0.0.1", user=self.user)
        self.sql("create database dejavu", "postgres")

    def sql(self, text: str, database: str = "dejavu") -> str:
        return run(tool("psql") or "psql", "-qAt", "-h", "127.0.0.1", "-p", str(self.port), "-U", "dejavu", "-c", text, database)

    def fill(self) -> None:
        """Fills the tables as Dejavu would, but faster."""
        rows = self.folder / "rows"
        with rows.open("w") as file:
            file.writelines(f"{key(n)}\t{URI}\t{created()}\t1\n" for n in range(1, ALL + 1))
        self.sql("alter table image_cache disable trigger user")
        self.sql(f"\\copy image_cache (hash, image_uri, created_at, revision) from '{rows}'")
        self.sql("alter table image_cache enable trigger user")
        self.sql("vacuum analyze image_cache")

    # Dejavu uses it too.
    def freeze(self) -> None:
        pass

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)

    def measure(self, load: Load, seconds: int) -> Result:
        number = {"hot": "7", "even": f"random(1, {EVEN})", "zipf": f"random_zipfian(1, {ALL}, 1.001)",
                  "miss": "random(-300000, -1)", "put": f"random({2 * ALL}, {2 * ALL + 300_000})"}[load.name]
        hashed = "encode(sha256((:n)::text::bytea), 'hex')"
        statement = f"select * from image_cache where hash = {hashed} and overlay = '';"
        if load.name == "put":
            # For pgbench a colon and a letter would be a variable.
            uri = URI.replace(":", "' || chr(58) || '")
            statement = (f"insert into image_cache (hash, image_uri, created_at, revision) values ({hashed}, '{uri}',"
                         f" {CREATED}, 1) on conflict (hash, overlay) do update set created_at = excluded.created_at;")
        script = self.folder.parent / f"pgbench-{load.name}"
        script.write_text(f"\\set n {number}\n{statement}\n")
        logs = self.folder.parent / "pgbench"
        for old in self.folder.parent.glob("pgbench.*"):
            old.unlink()
        output = run(tool("pgbench") or "pgbench", "-n", "-M", "prepared", "-h", "127.0.0.1", "-p", str(self.port), "-U",
                     "dejavu", "-c", str(CONNECTIONS), "-j2", "-T", str(seconds), "-l", f"--log-prefix={logs}",
                     "--sampling-rate=0.1", "-f", str(script), "dejavu")
        times = sorted(int(line.split()[2]) for log in self.folder.parent.glob("pgbench.*")
                       for line in log.read_text().splitlines())
        rate = re.search(r"tps = ([\d.]+)", output)
        if not rate or not times:
            raise Failed(output)
        return Result(float(rate[1]), times[len(times) // 2] / 1000, times[int(len(times) * 0.99)] / 1000)


class Redis(Peer):
    """Another alternative, measured by its own redis-benchmark, as it does not speak HTTP."""

    name = "Redis"
    loads = ("hot", "even", "put")
    needs = {"redis-server": "apt-get install redis-server", "redis-benchmark": "apt-get install redis-tools"}

    def start(self) -> None:
        self.spawn(tool("redis-server") or "", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder),
                   "--appendonly", "yes", "--appendfsync", "always", "--save", "")

    def measure(self, load: Load, seconds: int) -> Result:
        command = {"hot": ["get", "key:7"], "even": ["get", "key:__rand_int__"],
                   "put": ["set", "key:__rand_int__", PAYLOAD]}[load.name]
        result = self.benchmark(20_000, command)
        return self.benchmark(max(20_000, round(result.rate * seconds)), command)

    def benchmark(self, requests: int, command: list[str]) -> Result:
        output = run(tool("redis-benchmark") or "", "-p", str(self.port), "-c", str(CONNECTIONS), "--threads", "2", "-n",
                     str(requests), "-r", str(EVEN), "--csv", *command)
        rate, _, _, p50, _, p99, _ = [float(part.strip('"')) for part in output.splitlines()[-1].rsplit(",", 7)[1:]]
        return Result(rate, p50, p99)


class Dejavu(Peer):
    """As it is shipped: extracted, with its AOT cache and its options."""

    loads = ("hot", "even", "zipf", "miss", "mixed", "lookup", "put", "many")
    entries = ALL
    scheme = "http"

    def __init__(self, folder: Path, name: str, java: list[str], database: Postgresql | None) -> None:
        self.name = name
        super().__init__(folder)
        self.java = java
        self.database = database

    def command(self) -> list[str]:
        url = (f"jdbc:postgresql://127.0.0.1:{self.database.port}/dejavu?user=dejavu" if self.database
               else f"jdbc:sqlite:{self.folder}/cache.db")
        # Without the audit log, as the peers have none.
        return [*self.java, f"--server.port={self.port}", "--dejavu.registry.allowed=", f"--spring.datasource.url={url}",
                "--logging.level.dev.dejavu.audit=warn",
                "--dejavu.rate-limit.writes-per-second=0"]

    def start(self) -> None:
        # This start creates the tables.
        self.spawn(*self.command())
        self.await_answer()
        if self.database:
            self.fill()
        else:
            self.stop()
            self.fill()
            self.spawn(*self.command())
            self.await_answer()

    def fill(self) -> None:
        if self.database:
            self.database.fill()
            return
        with contextlib.closing(sqlite3.connect(self.folder / "cache.db")) as file, file:
            file.executemany("insert into image_cache (hash, image_uri, created_at, revision) values (?, ?, ?, 1)",
                             ((key(n), URI, created()) for n in range(1, self.entries + 1)))

    def await_answer(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"{self.scheme}://127.0.0.1:{self.port}/actuator/health/readiness", timeout=2,
                                       context=ssl._create_unverified_context()).close()
                return
            time.sleep(0.02)
        raise Failed(f"{self.name} did not answer: see {self.log.name}")

    def cpu(self) -> float:
        """With that of its database."""
        return super().cpu() + (self.database.cpu() if self.database else 0)

    def resident(self) -> float:
        """Megabytes."""
        status = Path(f"/proc/{self.process.pid if self.process else 0}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


class DejavuTls(Dejavu):
    loads = ("tls",)
    needs = OPENSSL
    entries = 100
    scheme = "https"

    def command(self) -> list[str]:
        certificate, private = certify(self.folder)
        return [*super().command(), f"--server.ssl.certificate=file:{certificate}",
                f"--server.ssl.certificate-private-key=file:{private}"]


def created() -> int:
    """Now, in milliseconds, so that the entries are live."""
    return int(time.time() * 1000)
