"""Where the token comes from, and when it is fetched again; the test plays GitHub's token endpoint."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import Machine, Service, exists
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from servers import MISS, READ_ONLY, Behaviour, Server, answer, by_path, hang, reads_and_writes

from dejavu_flyte import credentials
from dejavu_flyte.connection import ServiceError
from dejavu_flyte.credentials import Credentials
from dejavu_flyte.keys import ImageKey
from dejavu_flyte.settings import Settings
from dejavu_flyte.team import Team, TeamOff

Machines = Callable[..., Machine]

SECRET = "a-secret-of-the-job"
REFUSED = answer("401 Unauthorized", "application/problem+json", '{"type": "urn:dejavu:problem:unauthenticated"}')
WORKING = reads_and_writes(MISS, READ_ONLY)


@dataclass
class GitHub:
    """GitHub's token endpoint, and the keys of its issuer."""

    seconds: int = 300
    says_when: bool = True
    tokens: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = self._key.public_key().public_numbers()
        public = {"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig"}
        public |= {"n": encoded(numbers.n.to_bytes(256, "big")), "e": encoded(numbers.e.to_bytes(3, "big"))}
        self.server = Server(self._token)
        self.issuer = self.server.url
        paths = {
            b"/.well-known": {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"},
            b"/jwks": {"keys": [public]},
        }
        behaviours = {path: answer("200 OK", "application/json", json.dumps(said)) for path, said in paths.items()}
        self.server.behave = by_path({**behaviours, b"/token": self._token})

    @property
    def environment(self) -> dict[str, str]:
        """What the runner gives a job."""
        url = f"{self.issuer}/token?api-version=2.0"
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": SECRET}

    def _token(self, s: socket.socket, request: bytes) -> None:
        if f"authorization: bearer {SECRET}" not in request.decode().lower():
            return answer("401 Unauthorized", "text/plain", "no")(s, request)
        audience = request.split(b" ")[1].partition(b"&audience=")[2].decode()
        now = time.time()
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": audience,
            "sub": "repo:acme/app",
            "jti": str(len(self.tokens)),
        }
        if self.says_when:
            claims |= {"iat": int(now), "exp": int(now) + self.seconds}
        head = encoded(json.dumps({"alg": "RS256", "kid": "1", "typ": "JWT"}).encode())
        signed = f"{head}.{encoded(json.dumps(claims).encode())}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        self.tokens.append(f"{signed}.{encoded(signature)}")
        return answer("200 OK", "application/json", json.dumps({"value": self.tokens[-1], "count": 1}))(s, request)


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bearer(request: bytes) -> str:
    lines = [line for line in request.decode().split("\r\n") if line.lower().startswith("authorization: bearer ")]
    return lines[0].split(" ")[2] if lines else ""


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    played = GitHub()
    for name, value in played.environment.items():
        monkeypatch.setenv(name, value)
    yield played
    played.server.close()


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, GitHub]]:
    """A service that believes the tokens of this GitHub."""
    played = GitHub()
    rule = "--dejavu.access.oidc[0]."
    running = Service(
        tmp_path_factory.mktemp("trusting"),
        "--dejavu.access.mode=tokens",
        "--dejavu.admin-token=an-administrator-of-the-tests",
        f"{rule}issuer={played.issuer}",
        f"{rule}audience=dejavu",
        f"{rule}rules[0].role=write",
        f"{rule}rules[0].claims[0]=sub=repo:acme/app",
    )
    yield running, played
    running.stop()
    played.server.close()


def test_job_of_github_needs_no_secret(machines: Machines, unique: str, trusting: tuple[Service, GitHub]) -> None:
    service, played = trusting
    env = {**played.environment, "DEJAVU_TIMEOUT": "10", "LOG_LEVEL": "debug"}
    first, second = (machines(url=service.url, environment=env) for _ in range(2))
    played.tokens.clear()

    worked = first.run(exists(unique), {"do": "bundle"})
    fetched = len(played.tokens)
    shared = second.run(exists(unique), {"do": "bundle"})

    assert (worked.checks, worked.uploads, shared.checks, shared.uploads) == (1, 1, 0, 0), worked.output
    assert fetched == 1
    for run in (worked, shared):
        assert SECRET not in run.output
        assert not any(token in run.output for token in played.tokens)


def test_audience_is_a_setting(machines: Machines, unique: str, trusting: tuple[Service, GitHub]) -> None:
    service, played = trusting

    run = machines(url=service.url).run(exists(unique), **played.environment, DEJAVU_TOKEN_AUDIENCE="another one")

    assert run.occurrences("it does not accept GitHub's token for the audience another one") == 1
    assert any(b"&audience=another+one" in r for r in played.server.requests)


def test_token_is_kept_until_shortly_before_its_end(github: GitHub) -> None:
    github.seconds = 3
    token = Credentials(Settings(url="http://127.0.0.1"))

    first, again = token.token(), token.token()
    time.sleep(2.5)
    later = token.token()

    assert first == again
    assert [first, later] == github.tokens


@pytest.mark.parametrize(("seconds", "kept"), [(300, 240), (3600, 3540), (10, 8)])
def test_how_long_a_token_is_kept(github: GitHub, seconds: float, kept: float) -> None:
    github.seconds = seconds
    Credentials(Settings(url="http://127.0.0.1")).token()

    assert credentials._keep_seconds(github.tokens[0]) == pytest.approx(kept)


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.e30.c", "a.W10.c", "a.eyJleHAiOiJzb29uIn0.c"])
def test_token_that_does_not_say_when_it_ends_is_kept_some_minutes(token: str) -> None:
    assert credentials._keep_seconds(token) == 240


def refusing(tokens: Callable[[], list[str]], refused: int) -> Behaviour:
    """Answer like a service to which the first tokens are expired."""
    return lambda s, request: (REFUSED if bearer(request) in tokens()[:refused] else WORKING)(s, request)


def test_token_is_fetched_again_once_when_it_is_refused(machines: Machines, unique: str, github: GitHub) -> None:
    server = Server(refusing(lambda: github.tokens, 1))

    run = machines(url=server.url).run(exists(unique), **github.environment)

    assert run.occurrences("The team cache") == 0, run.output
    asked = [bearer(r) for r in server.requests if r.startswith(b"GET /images/")]
    assert asked[-2:] == github.tokens[:2] or asked[-1:] == github.tokens[1:2]
    assert len(github.tokens) == 2
    server.close()


def test_token_that_is_refused_always_is_one_line(machines: Machines, unique: str, github: GitHub) -> None:
    server = Server(REFUSED)

    run = machines(url=server.url).run(exists(unique), exists(f"{unique}-2"), **github.environment)

    assert run.occurrences("The team cache") == 1
    assert run.occurrences("it does not accept GitHub's token for the audience dejavu") == 1
    assert len(github.tokens) <= 3  # one more for a connection that was opened ahead
    server.close()


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (answer("403 Forbidden", "text/plain", SECRET), "it answers 403"),
        (answer("302 Found", "text/html", "", "Location: /elsewhere"), "it answers 302"),
        (answer("200 OK", "application/json", '{"count": 0}'), "it answers 200"),
        (answer("200 OK", "application/json", '{"value": "two words"}'), "it must be one word"),
        (lambda s, _: s.shutdown(socket.SHUT_RDWR), "it cannot be reached"),
    ],
)
def test_failing_endpoint_is_one_line(
    machines: Machines, unique: str, github: GitHub, behave: Behaviour, said: str
) -> None:
    github.server.behave = behave
    server = Server(MISS)

    run = machines(url=server.url).run(exists(unique), exists(f"{unique}-2"), **github.environment, LOG_LEVEL="debug")

    assert run.checks == 2
    assert run.occurrences("The team cache") - run.occurrences("The team cache has") == 1, run.output
    assert run.occurrences("GitHub gives no token at http://127.0.0.1: ") == 1
    assert run.occurrences(said)
    assert SECRET not in run.output
    assert not any(b"/elsewhere" in r for r in github.server.requests)
    assert server.requests == []
    server.close()


def test_endpoint_that_hangs_is_bounded(machines: Machines, unique: str, github: GitHub) -> None:
    github.server.behave = lambda *_: time.sleep(60)
    server = Server(MISS)

    run = machines(url=server.url).run(exists(unique), exists(f"{unique}-2"), **github.environment)

    assert run.checks == 2
    assert sum(run.seconds) < 1.0 + 0.8
    assert run.occurrences("The team cache") == 1
    server.close()


def test_secret_is_not_sent_to_github_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "http://192.0.2.1/token")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", SECRET)

    with pytest.raises(ServiceError, match=r"could be read on its way over http to http://192\.0\.2\.1"):
        Credentials(Settings(url="https://dejavu.example.com")).token()


def test_token_of_github_is_not_for_a_service_without_tls(github: GitHub) -> None:
    """Nobody asked for it, so the calls go without it."""
    assert Credentials(Settings(url="http://dejavu.example.com")).token() is None
    assert github.tokens == []


def test_what_the_user_names_comes_first(github: GitHub, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-a-file\n")
    url, named = "https://dejavu.example.com", {"token_file": str(file)}

    assert Credentials(Settings(url=url, token="fixed", **named)).token() == "fixed"
    assert Credentials(Settings(url=url, **named)).token() == "from-a-file"
    assert Credentials(Settings(url="https://me:secret@dejavu.example.com")).user == ("me", "secret")
    assert github.tokens == []


def test_file_is_read_again(machines: Machines, unique: str, tmp_path: Path) -> None:
    """Kubernetes replaces the token of a pod while it runs."""
    file = tmp_path / "token"
    file.write_text("djv_old")

    def behave(s: socket.socket, request: bytes) -> None:
        if bearer(request) == "djv_old":
            file.write_text("djv_new")
            REFUSED(s, request)
        else:
            WORKING(s, request)

    server = Server(behave)
    run = machines(url=server.url).run(exists(unique), DEJAVU_TOKEN_FILE=str(file))

    assert run.occurrences("The team cache") == 0, run.output
    assert [bearer(r) for r in server.requests][:2] == ["djv_old", "djv_new"]
    server.close()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "DEJAVU_TOKEN_FILE cannot be read: "),
        ("", "DEJAVU_TOKEN_FILE is empty: "),
        ("two words", "The token in DEJAVU_TOKEN_FILE must be one word"),
        ("x" * 70_000 + "\u00fc", ""),
    ],
)
def test_unusable_file_is_one_line(
    machines: Machines, unique: str, tmp_path: Path, content: str | None, said: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    server = Server(REFUSED)

    run = machines(url=server.url).run(exists(unique), exists(f"{unique}-2"), DEJAVU_TOKEN_FILE=str(file))

    assert run.checks == 2
    assert run.occurrences("The team cache") == 1
    assert run.occurrences(said)
    server.close()


def test_registry_check_does_not_wait_for_a_token(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one has ended, and GitHub does not answer."""
    monkeypatch.setattr(credentials, "_keep_seconds", lambda _: 0.0)
    server = Server(WORKING)
    asked = Team(Settings(url=server.url))
    key = ImageKey("https://flyte.example.com:proj:dev", "ghcr.io/acme/app", "v1", ("linux/amd64",))
    assert asked.find(key) is None
    github.server.behave = hang

    begin = time.monotonic()
    with pytest.raises(TeamOff):
        asked.resolve(key)
    seconds = time.monotonic() - begin
    server.close()

    assert 2 < seconds < 3.4


def test_one_token_for_all_threads(github: GitHub) -> None:
    token = Credentials(Settings(url="http://127.0.0.1"))
    threads = [threading.Thread(target=token.token) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(github.tokens) == 1
