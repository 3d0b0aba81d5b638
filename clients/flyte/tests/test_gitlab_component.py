"""The GitLab component."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from ci import AWAY, COMPONENT, GitLab, check, component, environment, example, installed, without_machine
from conftest import Machine, Service, exists

Machines = Callable[..., Machine]


@pytest.fixture
def gitlab(tmp_path: Path) -> GitLab:
    return GitLab(tmp_path / "gitlab")


@pytest.fixture
def python(tmp_path: Path) -> str:
    return str(environment(tmp_path / "venv"))


def test_component_puts_the_job_on_the_cache(
    machines: Machines, unique: str, service: Service, gitlab: GitLab, python: str
) -> None:
    machines().run(exists(unique))
    variables = gitlab.folder / "variables"

    job = gitlab.run(f"env -0 > {variables}", url=service.url, python=python)
    later = dict(line.split("=", 1) for line in variables.read_text().rstrip("\0").split("\0"))
    run = machines(url=None, python=python, environment=without_machine(later)).run(exists(unique))
    end = gitlab.run("", url=service.url, python=python)

    assert job.status == 0, job.log
    assert "answers, Dejavu" in job.log
    assert installed(python).startswith("lib/")
    assert run.checks == 0
    assert "team_cache" not in end.log  # the next job on this machine begins anew


def test_component_ends_the_log_with_the_summary(gitlab: GitLab, python: str) -> None:
    job = gitlab.run('echo "### Team cache" > "$DEJAVU_SUMMARY"', url=AWAY, python=python)

    assert job.status == 0, job.log
    assert "The client could not be installed" in job.log
    assert job.log.endswith("\r\x1b[0K\n")
    assert "\r\x1b[0KTeam cache\n### Team cache\n\x1b[0Ksection_end:" in job.log


@pytest.mark.parametrize("url", ["http://dejavu.example.com", "http://[::1].example.com", "http://[::2]:1"])
def test_component_takes_no_plain_http(gitlab: GitLab, python: str, url: str) -> None:
    job = gitlab.run("", url=url, python=python)

    assert job.status == 1
    assert "use https" in job.log


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "[::1]:1", "localhost:1", "127.0.0.1:1"])
def test_this_machine_needs_no_tls(gitlab: GitLab, python: str, host: str) -> None:
    job = gitlab.run("", url=f"http://{host}/away", python=python)

    assert job.status == 0, job.log
    assert "The client could not be installed" in job.log


@pytest.mark.parametrize("url", ["dejavu.example.com", "https://a b", "https://me:secret@a"])
def test_component_has_a_pattern_for_its_address(url: str) -> None:
    with pytest.raises(AssertionError):
        component(url=url)


def test_component_has_the_form_of_a_component(tmp_path: Path) -> None:
    header, hidden = component(url="https://dejavu.example.com")
    job = hidden | {"script": ["flyte deploy main.py env"]}

    for number, document in enumerate([header, {"deploy": job}]):
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps(document))
        check("gitlab-ci", file)


def test_example_has_the_form_of_a_pipeline(tmp_path: Path) -> None:
    pipeline = tmp_path / "pipeline.yml"
    pipeline.write_text(example(COMPONENT.parents[2]).replace("!reference [.team-cache, before_script]", "echo"))

    check("gitlab-ci", pipeline)


def test_component_without_flyte_fails(gitlab: GitLab) -> None:
    job = gitlab.run("echo deployed", url=AWAY, python="/bin/false")

    assert job.status == 1
    assert "There is no flyte here" in job.log
    assert "deployed" not in job.log


@pytest.mark.parametrize("evil", ["$(touch${IFS}pwned)", "`touch${IFS}pwned`", "';touch${IFS}pwned;'"])
def test_component_does_not_run_its_inputs(gitlab: GitLab, tmp_path: Path, evil: str) -> None:
    gitlab.env["PATH"] = f"{tmp_path}:{gitlab.env['PATH']}"
    (tmp_path / "touch").write_text(f"#!/bin/sh\n: > {tmp_path}/pwned\n")
    (tmp_path / "touch").chmod(0o755)

    gitlab.run("", url=f"{AWAY}/{evil}")
    gitlab.run("", url=AWAY, python=evil)

    assert not (tmp_path / "pwned").exists()
