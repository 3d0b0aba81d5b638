"""The summary in the page of a CI job."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Machine, exists

Machines = Callable[..., Machine]


class Job:
    """A job of GitHub Actions: a folder of its own, and a summary file for each step."""

    def __init__(self, folder: Path, tracking_id: str) -> None:
        folder.mkdir()
        self._folder = folder
        self._env = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "17", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "deploy"}
        self._env |= {"RUNNER_TEMP": str(folder), "RUNNER_TRACKING_ID": f"github_{tracking_id}"}

    def env(self, step: str) -> dict[str, str]:
        return self._env | {"GITHUB_STEP_SUMMARY": str(self._folder / step)}

    def page(self, step: str) -> str:
        file = self._folder / step
        return file.read_text() if file.exists() else ""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "job", "1")


def row(page: str, collection: str) -> list[str]:
    (line,) = re.findall(rf"^\| {collection} .*\|$", page, re.MULTILINE)
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_summary_has_the_counts_of_the_job(machines: Machines, unique: str, job: Job) -> None:
    machines().run(exists(unique))

    machines().run(exists(unique), exists(f"{unique}-2"), {"do": "bundle"}, **job.env("deploy"))

    page = job.page("deploy")
    assert row(page, "images") == ["2", "1", "0", "1", "1", row(page, "images")[5]]
    assert re.fullmatch(r"\d\.\d s", row(page, "images")[5])
    assert row(page, "bundles") == ["1", "0", "0", "1", "1", "0.0 s"]


def test_several_processes_of_a_step_make_one_table(machines: Machines, unique: str, job: Job) -> None:
    machine = machines()
    Path(job.env("deploy")["GITHUB_STEP_SUMMARY"]).write_text("### Before")
    for n in range(2):
        machine.run(exists(f"{unique}-{n}"), **job.env("deploy"))
    with Path(job.env("deploy")["GITHUB_STEP_SUMMARY"]).open("a") as page:
        page.write("### After\n")

    machine.run(exists(f"{unique}-2"), **job.env("deploy"))

    page = job.page("deploy")
    assert page.count("Team cache") == page.count("| images") == 1
    assert page.startswith("### Before\n### Team cache")
    assert page.endswith("### After\n")
    assert row(page, "images")[:5] == ["3", "0", "0", "3", "3"]


def test_last_step_has_the_counts_of_the_whole_job(machines: Machines, unique: str, job: Job) -> None:
    machine = machines()
    machine.run(exists(unique), **job.env("first"))

    machine.run(exists(f"{unique}-2"), **job.env("second"))

    assert row(job.page("first"), "images")[0] == "1"
    assert row(job.page("second"), "images")[0] == "2"


def test_row_that_the_team_confirms_is_a_hit_that_saves_nothing(machines: Machines, unique: str, job: Job) -> None:
    machines().run(exists(unique))
    machine = machines()
    machine.run(exists(unique))

    machine.run(exists(unique), **job.env("deploy"))

    assert row(job.page("deploy"), "images") == ["1", "1", "1", "0", "0", "0.0 s"]


def test_next_job_on_the_same_machine_begins_at_zero(machines: Machines, unique: str, job: Job) -> None:
    machine = machines()
    machine.run(exists(unique), **job.env("deploy"))
    following = {**job.env("next"), "RUNNER_TRACKING_ID": "github_2"}  # even if its folder was not emptied

    machine.run(exists(f"{unique}-2"), **following)

    assert row(job.page("next"), "images")[:5] == ["1", "0", "0", "1", "1"]


def test_summary_says_why_the_cache_was_off(machines: Machines, unique: str, job: Job) -> None:
    machines(url="http://127.0.0.1:9").run(exists(unique), {"do": "bundle"}, **job.env("deploy"))

    page = job.page("deploy")
    assert row(page, "images") == ["1", "0", "0", "0", "0", "0.0 s"]
    assert re.search(r"^- `The team cache at http://127\.0\.0\.1:9 is off.*`$", page, re.MULTILINE)


def test_summary_says_that_a_setting_is_wrong(machines: Machines, unique: str, job: Job) -> None:
    machines(url="ftp://example.com").run(exists(unique), **job.env("deploy"))

    assert "- `The team cache is not used: DEJAVU_URL must be" in job.page("deploy")


def test_text_is_shown_as_it_is(job: Job) -> None:
    script = "from dejavu_flyte import log, summary\nsummary.write_at_exit()\nlog.warn('%s', '`<b>\\n# @me \\x1b[0m')"

    subprocess.run([sys.executable, "-c", script], env=job.env("deploy"), check=True)

    assert job.page("deploy").splitlines()[2] == r"- `'<b>\n# @me \x1b[0m`"


def test_process_that_asks_nothing_adds_nothing(machines: Machines, job: Job) -> None:
    machines().run(**job.env("deploy"))
    machines().cli("status", **job.env("deploy"))

    assert job.page("deploy") == ""


def test_summary_that_cannot_be_written_fails_nothing(machines: Machines, unique: str, tmp_path: Path) -> None:
    run = machines().run(exists(unique), GITHUB_STEP_SUMMARY=str(tmp_path / "missing/file"))

    assert run.checks == 1
    assert "missing" not in run.output


def test_processes_that_end_together_are_all_counted(job: Job) -> None:
    script = (
        "import sys\n"
        "from dejavu_flyte import summary\n"
        "summary.write_at_exit()\n"
        "summary.count('images', 'hit')\n"
        "sys.stdout.write('ready')\n"
        "sys.stdout.flush()\n"
        "sys.stdin.read()\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script], env=job.env("deploy"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(8)
    ]
    for process in processes:
        assert process.stdout
        process.stdout.read(len("ready"))

    for process in processes:
        assert process.stdin
        process.stdin.close()

    assert [process.wait(timeout=30) for process in processes] == [0] * 8
    assert row(job.page("deploy"), "images")[:2] == ["8", "8"]
