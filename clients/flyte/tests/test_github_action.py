"""The GitHub action."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from ci import ACTION, AWAY, GitHub, check, environment, example, installed
from conftest import ADMIN, Machine, Service, exists
from servers import Server, answer

Machines = Callable[..., Machine]


@pytest.fixture
def github(tmp_path: Path) -> GitHub:
    return GitHub(tmp_path / "github")


@pytest.fixture
def python(tmp_path: Path) -> str:
    return str(environment(tmp_path / "venv"))


@pytest.mark.parametrize("pip", [True, False], ids=["pip", "uv"])
def test_action_puts_later_steps_on_the_cache(
    machines: Machines, unique: str, service: Service, github: GitHub, tmp_path: Path, pip: bool
) -> None:
    python = str(environment(tmp_path / "an environment", pip=pip))
    machines().run(exists(unique), {"do": "bundle"})

    step = github.use(url=f"{service.url}/", python=python)
    run = machines(url=None, python=python, environment=github.later).run(exists(unique), {"do": "bundle"})

    assert (step.status, "::warning" in step.log) == (0, False), step.log
    assert "answers, Dejavu" in step.log
    assert github.variables.read_text() == f"DEJAVU_URL={service.url}\n"
    assert installed(python).startswith("lib/")
    assert (run.checks, run.uploads) == (0, 0)
    assert github.page.startswith("### Team cache of this job\n")
    assert "| images " in github.page


def test_client_comes_from_no_other_index(service: Service, github: GitHub, python: str) -> None:
    github.env |= {"PIP_INDEX_URL": AWAY, "PIP_EXTRA_INDEX_URL": AWAY, "PIP_FIND_LINKS": AWAY}

    step = github.use(url=service.url, python=python)

    assert (step.status, AWAY in step.log) == (0, False), step.log
    assert installed(python).startswith("lib/")


def test_client_replaces_another_one(service: Service, github: GitHub, python: str) -> None:
    github.use(url=service.url, python=python)
    (init,) = Path(python).parents[1].glob("lib/python*/site-packages/dejavu_flyte/__init__.py")
    original = init.read_text()
    init.write_text("of another version")

    github.use(url=service.url, python=python)

    assert init.read_text() == original


def test_service_that_is_away_is_a_warning(machines: Machines, unique: str, github: GitHub, python: str) -> None:
    step = github.use(url=AWAY, python=python)
    run = machines(url=None, python=python, environment=github.later).run(exists(unique))

    assert step.status == 0
    assert "::warning title=Team cache::The client could not be installed" in step.log
    assert run.checks == 1


def test_job_without_a_token_is_a_warning(guarded: Service, github: GitHub, python: str) -> None:
    step = github.use(url=guarded.url, python=python)

    assert step.status == 0
    assert "::warning title=Team cache::The team cache is not usable" in step.log
    assert "id-token: write" in step.log


def test_job_asks_github_for_its_token(
    machines: Machines, unique: str, guarded: Service, github: GitHub, python: str
) -> None:
    new = {"name": unique, "role": "write"}
    made = httpx.post(f"{guarded.url}/tokens", json=new, auth=("admin", ADMIN)).raise_for_status().json()
    issuer = Server(answer("200 OK", "application/json", json.dumps({"value": made["secret"]})))
    github.env["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{issuer.url}/token?api-version=2.0"
    github.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "of the job"

    step = github.use(url=guarded.url, python=python)
    machines(url=None, python=python, environment=github.later).run(exists(unique))

    assert (step.status, "::warning" in step.log) == (0, False), step.log
    assert github.variables.read_text() == f"DEJAVU_URL={guarded.url}\n"
    assert made["secret"] not in step.log
    assert all(b"/token?api-version=2.0&audience=dejavu " in request for request in issuer.requests)
    scope = f"https://flyte.example.com:{unique}:development"
    listed = httpx.get(f"{guarded.url}/images", params={"scope": scope}, auth=("admin", ADMIN)).json()
    assert [entry["written_by"] for entry in listed["entries"]] == [unique]
    issuer.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "dejavu.example.com",
        "ftp://dejavu.example.com",
        "http://dejavu.example.com",
        "http://localhost.example.com",
        "http://[::1].example.com",
        "http://[::2]:1",
        "https://me:secret@dejavu.example.com",
        "https://dejavu.example.com\nLD_PRELOAD=/tmp/evil.so",
        "https://dejavu.example.com; touch pwned",
    ],
)
def test_wrong_address_fails_the_step(github: GitHub, url: str) -> None:
    step = github.use(url=url, python=sys.executable)

    assert step.status == 1
    assert step.log.startswith("::error title=Team cache::")
    assert github.variables.read_text() == ""
    assert "secret" not in step.log


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "[::1]:1", "localhost:1", "127.0.0.1:1"])
def test_this_machine_needs_no_tls(github: GitHub, python: str, host: str) -> None:
    step = github.use(url=f"http://{host}/away", python=python)

    assert step.status == 0, step.log
    assert "The client could not be installed" in step.log


@pytest.mark.parametrize(
    "evil", ["$(touch${IFS}pwned)", "`touch${IFS}pwned`", "';touch${IFS}pwned;'", '";touch${IFS}pwned;"']
)
def test_inputs_are_not_run(github: GitHub, tmp_path: Path, evil: str) -> None:
    github.env["PATH"] = f"{tmp_path}:{github.env['PATH']}"
    (tmp_path / "touch").write_text(f"#!/bin/sh\n: > {tmp_path}/pwned\n")
    (tmp_path / "touch").chmod(0o755)

    github.use(url=f"{AWAY}/{evil}", python=sys.executable)
    github.use(url=AWAY, python=evil)

    assert not (tmp_path / "pwned").exists()


def test_python_without_flyte_fails(github: GitHub) -> None:
    step = github.use(url=AWAY, python="/bin/false")

    assert step.status == 1
    assert "There is no flyte here" in step.log


def test_python_that_has_flyte_is_found(service: Service, github: GitHub, python: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "python").symlink_to("/bin/false")
    github.env["PATH"] = f"{other}:{Path(python).parent}:/usr/bin:/bin"
    (Path(python).with_name("python")).unlink()

    step = github.use(url=service.url)

    assert step.status == 0, step.log
    assert "answers, Dejavu" in step.log


def test_action_has_the_form_of_an_action() -> None:
    check("github-actions", ACTION)


def test_example_has_the_form_of_a_workflow(tmp_path: Path) -> None:
    workflow = tmp_path / "deploy.yml"
    workflow.write_text(example(ACTION.parent))

    check("github-workflows", workflow)
