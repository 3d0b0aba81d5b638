"""Runs the GitHub action and the GitLab component as a runner does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CLIENTS = Path(__file__).parents[2]
ACTION = CLIENTS / "github-action/action.yml"
AWAY = "http://127.0.0.1:9"
COMPONENT = CLIENTS / "gitlab-component/templates/team-cache/template.yml"

PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def environment(folder: Path, *, pip: bool = True) -> Path:
    """Make an environment with Flyte and all else that this one has; return its Python."""
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "flyte.pth").write_text("".join(f"{path}\n" for path in sys.path if path.endswith("site-packages")))
    if not pip:
        (packages / "pip.py").write_text("raise ImportError\n")
    return folder / "bin/python"


def installed(python: str) -> str:
    """Return where an environment has the client that it uses."""
    code = "import dejavu_flyte; print(dejavu_flyte.__path__[0])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return str(Path(done.stdout.strip()).relative_to(Path(python).parents[1]))


def component(**inputs: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header of the component and its hidden job, with the inputs put in."""
    header, _, body = COMPONENT.read_text().partition("\n---\n")
    spec = yaml.safe_load(header)["spec"]["inputs"]
    values = {name: inputs[name] if "default" not in about else about["default"] for name, about in spec.items()}
    values |= inputs
    for name, value in values.items():
        assert re.search(spec[name].get("regex", ""), value), name
    job = yaml.safe_load(body)[".team-cache"]
    job["variables"] = {
        name: re.sub(r"\$\[\[ inputs\.(\w+) ]]", lambda match: values[match[1]], text)
        for name, text in job["variables"].items()
    }
    assert "$[[" not in str(job)
    return yaml.safe_load(header), job


@dataclass
class Step:
    """A step of a job that ended."""

    status: int
    log: str


@dataclass
class GitHub:
    """A job of GitHub Actions, with the files that a runner gives its steps."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.variables.touch()
        self.env |= {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "17", "RUNNER_TEMP": str(self.folder)}
        self.env |= {"GITHUB_ENV": str(self.variables), "GITHUB_STEP_SUMMARY": str(self.folder / "summary")}
        self.env |= {"HOME": str(self.folder), "PATH": PATH, "GITHUB_ACTION_PATH": str(ACTION.parent)}

    @property
    def variables(self) -> Path:
        """The file to which a step adds variables."""
        return self.folder / "env"

    @property
    def later(self) -> dict[str, str]:
        """The variables of later steps, but for those of the machine."""
        lines = self.variables.read_text().splitlines()
        return without_machine(self.env | dict(line.split("=", 1) for line in lines))

    @property
    def page(self) -> str:
        return (self.folder / "summary").read_text()

    def use(self, **inputs: str) -> Step:
        """Run the composite action."""
        (step,) = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
        given = {name: inputs.get(name, "") for name in ("url", "python")}
        env = {
            name: re.sub(r"\${{ inputs\.(\w+) }}", lambda m: given[m[1]], text) for name, text in step["env"].items()
        }
        assert "${{" not in step["run"]
        return run([step["shell"], "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], self.env | env)


@dataclass
class GitLab:
    """A job of GitLab CI that extends the hidden job of the component."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / ".git").mkdir(parents=True)
        self.env |= {"GITLAB_CI": "true", "CI_JOB_ID": "17", "CI_PROJECT_DIR": str(self.folder)}
        self.env |= {"HOME": str(self.folder), "PATH": PATH}

    def run(self, script: str, **inputs: str) -> Step:
        """Run the job: `before_script` and the script in one shell, `after_script` in another."""
        _, job = component(**inputs)
        env = self.env | job["variables"]
        done = run(["sh", "-e", "-c", "\n".join([*job["before_script"], script])], env)
        after = run(["sh", "-e", "-c", "\n".join(job["after_script"])], env)
        assert after.status == 0
        return Step(done.status, done.log + after.log)


def without_machine(env: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name not in ("HOME", "PATH")}


def run(command: list[str], env: dict[str, str]) -> Step:
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    return Step(done.returncode, done.stdout.decode())


def check(schema: str, file: Path) -> None:
    """Hold a file to a schema that comes with the checker."""
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def example(folder: Path) -> str:
    """Return the YAML of the README in a folder."""
    _, block, _ = (folder / "README.md").read_text().split("```", 2)
    return block.removeprefix("yaml\n")
