"""Settings that a repository brings, and the token that none of them gets."""

from __future__ import annotations

import os
import re
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Machine, Service, exists
from servers import MISS, Server, answer, reads_and_writes
from test_forget import document, options

from dejavu_flyte import files

Machines = Callable[..., Machine]
PROJECT = "[project]\nname = 'x'\ndependencies = ['dejavu-flyte']\n"


@pytest.fixture
def repository(machines: Machines, tmp_path: Path) -> Callable[..., Machine]:
    """Make machines that have a checkout of their own, and no variables."""

    def make(name: str, files: dict[str, str], **more: object) -> Machine:
        root = tmp_path / name / "code"
        for path, content in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content)
        return machines(**{"url": None, "root": root, **more})

    return make


def yaml(**members: object) -> str:
    return "admin:\n  endpoint: dns:///flyte.example.com\ndejavu:\n" + "".join(
        f"  {name}: {value}\n" for name, value in members.items()
    )


def toml(**members: object) -> str:
    return f"{PROJECT}[tool.dejavu]\n" + "".join(f"{name} = {value}\n" for name, value in members.items())


@pytest.mark.parametrize("file", [".flyte/config.yaml", "config.yaml", "pyproject.toml"])
def test_repository_brings_the_service(
    repository: Callable[..., Machine], unique: str, service: Service, file: str
) -> None:
    text = toml(url=f"'{service.url}'") if file.endswith("toml") else yaml(url=service.url)
    first, second = repository("a", {file: text}), repository("b", {file: text})

    worked, shared = first.run(exists(unique)), second.run(exists(unique))

    assert (worked.checks, shared.checks) == (1, 0)
    assert f"from url of {'[tool.dejavu]' if file.endswith('toml') else 'dejavu'} in" in second.cli("status")


def test_environment_wins_over_configuration_over_project(
    repository: Callable[..., Machine], unique: str, service: Service
) -> None:
    files = {
        ".flyte/config.yaml": yaml(url="http://127.0.0.1:9", timeout=0.25, image_prefixes="[cr.example.com/a, b]"),
        "pyproject.toml": toml(url="'http://127.0.0.1:8'", timeout=0.125, max_age="'2d'"),
    }
    machine = repository("a", files)

    found = document(machine, "status", DEJAVU_URL=service.url)

    assert found["service"]["url"] == service.url
    origins = found["settings"]
    assert origins["DEJAVU_URL"] == "DEJAVU_URL"
    assert origins["DEJAVU_TIMEOUT"].endswith(".flyte/config.yaml")
    assert origins["DEJAVU_MAX_AGE"].endswith("pyproject.toml")
    assert machine.run(exists(unique), DEJAVU_URL="").modules == [
        "dejavu_flyte",
        "dejavu_flyte.places",
        "dejavu_flyte.files",
    ]


def test_configuration_that_a_command_names(repository: Callable[..., Machine], service: Service) -> None:
    machine = repository("a", {"flyte.yaml": yaml(url=service.url)}, endpoint=None)
    command = ["-c", "flyte.yaml", "team-cache", "status"]

    output = machine._call([str(machine.flyte), *command], 0, {})

    assert "from url of dejavu in flyte.yaml" in output


def test_configuration_that_a_script_names(repository: Callable[..., Machine], unique: str, service: Service) -> None:
    files = {"conf/mine.yaml": yaml(url=service.url)}
    first, second = repository("a", files), repository("b", files)

    worked, shared = (m.run(exists(unique), CONFIG="conf/mine.yaml") for m in (first, second))

    assert (worked.checks, shared.checks) == (1, 0)


def test_project_above_the_working_directory(
    repository: Callable[..., Machine], unique: str, service: Service, tmp_path: Path
) -> None:
    machine = repository("a", {"pyproject.toml": PROJECT})
    (tmp_path / "a/pyproject.toml").write_text(toml(url=f"'{service.url}'"))
    (tmp_path / "a/.git").mkdir()

    assert "answers" in machine.cli("status")


@pytest.mark.parametrize(
    ("root", "home", "seen"),
    [
        ("a/b", "elsewhere", True),
        ("a", "elsewhere", True),
        ("a/b", "a", True),
        ("elsewhere", "a", True),
        ("elsewhere", "", True),
        ("a/b/c", "elsewhere", False),
        ("", "a/b/c", False),
        ("elsewhere", "elsewhere", False),
    ],
)
def test_how_far_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str, home: str, seen: bool) -> None:
    for folder in ("a/b/c", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / root / ".git").touch()
    for path in ("a/pyproject.toml", "a/b/.flyte/config.yaml"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path / "a/b/c")
    monkeypatch.setenv("HOME", str(tmp_path / home))
    monkeypatch.setattr(sys, "argv", ["x"])
    (tmp_path / "a/b/.flyte/config.yaml").write_text(yaml(url="http://127.0.0.1:9"))

    assert files.exist() == seen

    (tmp_path / "a/b/.flyte/config.yaml").unlink()
    (tmp_path / "a/pyproject.toml").write_text(toml(url="'http://127.0.0.1:9'"))
    assert files.exist() == (seen and root != "a/b")
    assert bool(files._of_project()) == files.exist()


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a file belong to another user."""
    if os.getuid() == 0:
        os.chown(path, 65534, -1)
    else:
        other = os.getuid() + 1
        monkeypatch.setattr(os, "getuid", lambda: other)


@pytest.mark.parametrize("file", [".flyte/config.yaml", "config.yaml", "pyproject.toml"])
def test_file_of_another_user_sets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, file: str
) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(toml(url="'http://x'") if file.endswith("toml") else yaml(url="http://x"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "argv", ["x"])
    monkeypatch.setattr(files, "configuration", lambda: None if file.endswith("toml") else Path(file))
    assert files.exist()
    assert files.given()["url"].text == "http://x"

    give_away(path, monkeypatch)

    assert not files.exist()
    assert files.given() == {}
    assert "belongs to another user" in caplog.text


def test_file_that_the_user_named_may_be_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "team.yaml"
    path.write_text(yaml(url="http://x", token_audience="mine"))
    monkeypatch.setenv("FLYTECTL_CONFIG", str(path))
    monkeypatch.setattr(files, "configuration", lambda: path)

    give_away(path, monkeypatch)

    assert files.exist()
    assert files.given()["token_audience"].text == "mine"


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("pyproject.toml", toml(urll="'http://x'"), r"urll of \[tool.dejavu\] in \S+pyproject.toml is unknown"),
        (
            "pyproject.toml",
            toml(url="'http://x'", timeout="'soon'"),
            r"timeout of \[tool.dejavu\] in \S+ must be a number",
        ),
        ("pyproject.toml", toml(url="{a = 1}"), r"url of \[tool.dejavu\] in \S+ must be a text"),
        ("pyproject.toml", f"{PROJECT}[tool]\ndejavu = 3\n", r"\[tool.dejavu\] in \S+ must have members"),
        (".flyte/config.yaml", yaml(url="ftp://x"), r"url of dejavu in \S+config.yaml must be an address"),
        (".flyte/config.yaml", yaml(url="http://x", token="djv_x"), r"token of dejavu in \S+ must not .* DEJAVU_TOKEN"),
        (".flyte/config.yaml", yaml(url="http://me:secret@x"), r"url of dejavu in \S+ must have no user"),
        (
            ".flyte/config.yaml",
            yaml(url="http://x", token_audience="sts.amazonaws.com"),
            r"token_audience of dejavu in \S+ must not come with a repository: set DEJAVU_TOKEN_AUDIENCE",
        ),
        (
            "pyproject.toml",
            toml(url="'http://x'", token_audience="'sts.amazonaws.com'"),
            r"token_audience of \[tool.dejavu\] in \S+ must not come with a repository",
        ),
        (".flyte/config.yaml", yaml(url="http://x", insecure="true"), r"insecure of dejavu in \S+ must not"),
    ],
)
def test_wrong_member_is_one_line(
    repository: Callable[..., Machine], unique: str, file: str, text: str, message: str
) -> None:
    machine = repository("a", {file: text})

    run = machine.run(exists(unique))
    output = machine.cli("status", status=2)

    assert run.checks == 1
    assert len(re.findall(message, " ".join(run.output.split()))) == 1
    assert re.search(message, " ".join(output.split()))
    assert "secret" not in run.output + output


def test_file_that_cannot_be_parsed_is_one_line(
    repository: Callable[..., Machine], unique: str, service: Service
) -> None:
    machine = repository("a", {"pyproject.toml": f"{PROJECT}[tool.dejavu\n"})

    run = machine.run(exists(unique), DEJAVU_URL=service.url)

    assert run.occurrences("pyproject.toml cannot be read, so it sets nothing for the team cache") == 1
    assert "answers" in machine.cli("status", DEJAVU_URL=service.url)
    assert machine.run(exists(unique), exists(f"{unique}-2")).checks == 1


def test_package_among_the_dependencies_is_no_setting(repository: Callable[..., Machine], unique: str) -> None:
    run = repository("a", {"pyproject.toml": PROJECT}).run(exists(unique))

    assert run.modules == ["dejavu_flyte", "dejavu_flyte.places", "dejavu_flyte.files"]


@pytest.mark.parametrize(
    "secret",
    [{"DEJAVU_TOKEN": "djv_secret"}, {"DEJAVU_TOKEN_FILE": "/dev/stdin"}, {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "djv_gh"}],
)
def test_token_goes_to_no_url_of_a_repository(
    repository: Callable[..., Machine], unique: str, secret: dict[str, str]
) -> None:
    asks = answer("401 Unauthorized", "application/problem+json", "{}")
    server = Server(reads_and_writes(MISS, MISS))
    github = Server(asks)
    machine = repository("a", {"pyproject.toml": toml(url=f"'{server.url}'")})
    machine.environment |= secret | {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{github.url}/?x=y"}

    machine.run(exists(unique))
    server.behave = asks
    status = " ".join(machine.cli("status", status=1).split())
    push = " ".join(machine.cli("push", status=2).split())
    server.close()
    github.close()

    assert "push would send what all projects left on this machine" in push
    assert server.requests
    assert not any(b"authorization" in request.lower() for request in server.requests)
    assert github.requests == []
    assert f"no token is sent to {server.url}, which url of [tool.dejavu] in" in status


def test_token_goes_where_the_user_allowed_it(repository: Callable[..., Machine], unique: str) -> None:
    server = Server(reads_and_writes(MISS, MISS))
    machine = repository("a", {"pyproject.toml": toml(url=f"'{server.url}'"), ".flyte/config.yaml": "admin: {}\n"})
    (machine.home / ".flyte").mkdir()
    (machine.home / ".flyte/config.yaml").write_text(yaml(url=f"{server.url}/"))

    machine.run(exists(unique), DEJAVU_TOKEN="djv_secret")
    server.close()

    assert all(b"authorization: bearer djv_secret" in request.lower() for request in server.requests)


@pytest.mark.parametrize("more", [{"token": "abc"}, {"urll": "x"}])
def test_own_file_of_which_only_the_url_is_asked(
    repository: Callable[..., Machine], unique: str, service: Service, more: dict[str, str]
) -> None:
    machine = repository("a", {"pyproject.toml": toml(url=f"'{service.url}'"), ".flyte/config.yaml": "admin: {}\n"})
    (machine.home / ".flyte").mkdir()
    (machine.home / ".flyte/config.yaml").write_text(yaml(url=service.url, **more))

    found = document(machine, "status", DEJAVU_TOKEN="djv_secret")

    assert "withheld" not in found["service"]
    assert machine.run(exists(unique)).checks == 1


def test_own_file_with_a_wrong_url_is_one_line(
    repository: Callable[..., Machine], unique: str, service: Service
) -> None:
    machine = repository("a", {"pyproject.toml": toml(url=f"'{service.url}'"), ".flyte/config.yaml": "admin: {}\n"})
    (machine.home / ".flyte").mkdir()
    (machine.home / ".flyte/config.yaml").write_text(yaml(url="{a: 1}"))

    run = machine.run(exists(unique), exists(f"{unique}-2"))

    assert run.checks == 2
    assert run.occurrences("url of dejavu in") == 1


def test_only_variables_of_flyte_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delattr(sys, "argv")
    source_config_path = tmp_path / "mine.yaml"
    source_config_path.write_text(yaml(url="http://127.0.0.1:9"))

    def calling(source_config_path: object) -> bool:
        return files.exist()

    def of_flyte(source_config_path: object) -> bool:
        code = "def init(source_config_path): return exist()"
        names = {"__name__": "flyte._initialize", "exist": files.exist}
        exec(code, names)
        return names["init"](source_config_path)

    class Large:
        pass

    large = Large()
    alive = weakref.ref(large)
    assert not calling(source_config_path)
    assert not of_flyte(object())
    assert of_flyte(source_config_path)
    assert of_flyte(str(source_config_path))
    del large
    assert alive() is None


def test_scope_and_files_of_the_repository_in_ci(
    repository: Callable[..., Machine], unique: str, service: Service
) -> None:
    """The repository brings the settings, and the environment the URL beside its token."""
    machine = repository("a", {"pyproject.toml": toml(url=f"'{service.url}'", share="['https://other.example.com']")})

    found = document(machine, "status", *options(unique), DEJAVU_URL=service.url)

    assert "DEJAVU_SHARE does not name" in found["off"][0]


def test_without_a_parser_a_project_sets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.dejavu]\nurl = "https://dejavu.example.com"\n')
    monkeypatch.chdir(tmp_path)
    assert files._of_project()["url"].text == "https://dejavu.example.com"
    for parser in ("tomllib", "tomli"):
        monkeypatch.setitem(sys.modules, parser, None)

    assert files._of_project() == {}
    assert "pyproject.toml cannot be read" in caplog.text
