"""What the team cache did for a CI job, as Markdown in the page or the log of the job."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_COLUMNS = ("asked", "hits", "confirmed", "misses", "shared", "saved")
_JOB = ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB", "RUNNER_TRACKING_ID", "CI_JOB_ID")
_WARNINGS = 10
_WARNING_LENGTH = 500
_LOCK_SECONDS = 2.0

_counts: Counter[str] = Counter()
_warnings: list[str] = []


def write_at_exit() -> None:
    """Write the summary when this process ends, in a job whose CI has a file for it.

    That file is `DEJAVU_SUMMARY`, or the one that GitHub gives each step. Call this before anything registers what
    sends entries at the end, so that they are counted.
    """
    if _file():
        atexit.register(_write)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_forget)


def count(collection: str, event: str) -> None:
    """Count an event of this process."""
    _counts[f"{collection} {event}"] += 1


def waited(seconds: float) -> None:
    """Count a wait for an image that somebody else built."""
    _counts["waits"] += 1
    _counts["waited seconds"] += round(seconds)


def warned(text: str) -> None:
    """Add a warning of this process: it says why the team cache was off, if it was."""
    if text not in _warnings and len(_warnings) < _WARNINGS:
        _warnings.append(text[:_WARNING_LENGTH])


def _forget() -> None:
    """Count anew, as in a child, which leaves what was counted before the fork to its parent."""
    _counts.clear()
    _warnings.clear()


def is_wanted() -> bool:
    """Whether to say at the end what the team cache did: `DEJAVU_SUMMARY=off` is no file, and means no."""
    return os.environ.get("DEJAVU_SUMMARY", "").lower() != "off"


def _file() -> Path | None:
    name = os.environ.get("DEJAVU_SUMMARY") or os.environ.get("GITHUB_STEP_SUMMARY")
    return Path(name) if name and is_wanted() else None


def _write() -> None:
    file = _file()
    if file and (_counts or _warnings):
        with contextlib.suppress(Exception):  # a summary must not fail a run
            _add_to(file)
        _forget()


def _add_to(file: Path) -> None:
    """Add this process to the counts of its job, and show them in one table of the file."""
    temporary = os.environ.get("RUNNER_TEMP")  # the runner empties it for each job
    state = Path(temporary, "dejavu-summary.json") if temporary else file.with_name(f"{file.name}.json")
    seconds = _seconds()
    with state.open("a+", encoding="utf-8") as opened, _locked(opened):
        opened.seek(0)
        before = _read(opened)
        counts = Counter(before["counts"]) + _counts
        warnings = list(dict.fromkeys([*before["warnings"], *_warnings]))[:_WARNINGS]
        section = _markdown(counts, warnings, seconds)
        _replace(file, str(before["section"]), section)
        opened.truncate(0)
        json.dump({"job": _job(), "counts": counts, "warnings": warnings, "section": section}, opened)


def _job() -> list[str]:
    return [os.environ.get(name, "") for name in _JOB]


def _read(state: IO[str]) -> dict[str, Any]:
    empty = {"counts": {}, "warnings": [], "section": ""}
    try:
        found = json.load(state)
        return {name: found[name] for name in empty} if found["job"] == _job() else empty
    except (ValueError, KeyError, TypeError):
        return empty


def _replace(file: Path, old: str, new: str) -> None:
    content = file.read_bytes() if file.exists() else b""
    if old and old.encode() in content:
        file.write_bytes(content.replace(old.encode(), new.encode()))
    else:
        with file.open("ab") as appended:
            appended.write((b"" if not content or content.endswith(b"\n") else b"\n") + new.encode())


@contextlib.contextmanager
def _locked(file: IO[str]) -> Iterator[None]:
    """Wait for other processes that end at the same time, but never for long."""
    end = time.monotonic() + _LOCK_SECONDS
    while fcntl:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError:
            if time.monotonic() > end:
                break
            time.sleep(0.01)
    yield  # closing the file unlocks it


def _markdown(counts: Counter[str], warnings: list[str], seconds: dict[str, float]) -> str:
    lines = ["### Team cache of this job", ""]
    if counts:
        rows = [("", *_COLUMNS), ("---", *("---:" for _ in _COLUMNS))]
        rows += [_row(collection, counts, each) for collection, each in seconds.items()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines += [f"| {' | '.join(map(str.ljust, row, widths))} |" for row in rows]
        lines.append("")
    if waits := counts["waits"]:
        lines.append(f"- waited {counts['waited seconds']} s for {waits} build{'s' if waits > 1 else ''} of others")
    lines += [f"- {_code(warning)}" for warning in warnings]
    return "\n".join(lines).rstrip("\n") + "\n\n"


def _row(collection: str, counts: Counter[str], each: float) -> tuple[str, ...]:
    new, confirmed, misses, unanswered, shared = (
        counts[f"{collection} {event}"] for event in ("hit", "confirmed", "miss", "unanswered", "shared")
    )
    hits = new + confirmed
    saved = f"{new * each:.1f} s" if each else ""
    return collection, str(hits + misses + unanswered), str(hits), str(confirmed), str(misses), str(shared), saved


def _seconds() -> dict[str, float]:
    """Return how long this machine's own work takes for each kind, on average; 0: unknown."""
    from dejavu_flyte import local  # noqa: PLC0415  (a process that asked nothing does not need them)
    from dejavu_flyte.journal import Journal  # noqa: PLC0415
    from dejavu_flyte.keys import KINDS  # noqa: PLC0415

    seconds = {kind.collection: kind.assumed_seconds for kind in KINDS}
    with contextlib.suppress(Exception):  # at the end of a process, what was not imported may not be any more
        journal = Journal(local.journal_path)
        for kind in KINDS:
            seconds[kind.collection] = journal.work_seconds(kind)
    return seconds


def _code(text: str) -> str:
    """Return a text that Markdown shows as it is: no HTML, no link, no mention of a person."""
    return f"`{text.replace('`', chr(39))}`"
