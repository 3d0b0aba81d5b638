"""Where files with settings may be, and which of them another user may have put there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

# The package's own names stand in many a list of dependencies.
_MARK, _NO_MARKS = b"dejavu", (b"dejavu-flyte", b"dejavu_flyte")
_MAX_BYTES = 1024 * 1024
# The user chose these files; all others may come with a repository, or lie in a folder that many users may write to.
_OWN = ("~/.union/config.yaml", "~/.flyte/config.yaml")
_NAMED = ("UCTL_CONFIG", "FLYTECTL_CONFIG")


def own() -> Iterator[Path]:
    """Return the files that this user chose, and no repository."""
    named = [Path(os.environ[name]) for name in _NAMED if os.environ.get(name)]
    yield from (path for path in named if path.is_absolute())  # a relative one may be in a repository
    with contextlib.suppress(RuntimeError):  # there is no home directory
        yield from [Path(own).expanduser() for own in _OWN]


def configurations() -> Iterator[Path]:
    """Return all files that Flyte may take, without the `git` that it runs for one of them."""
    yield from (Path(os.environ[name]) for name in _NAMED if os.environ.get(name))
    yield from picked()
    yield from own()


def picked() -> Iterator[Path]:
    """Return the files that Flyte takes because of the working directory."""
    yield from (folder / "config.yaml" for folder in _upwards()[:1])
    yield from (folder / ".flyte/config.yaml" for folder in _upwards())


def projects() -> Iterator[Path]:
    """Return the project files, nearest first."""
    yield from (folder / "pyproject.toml" for folder in _upwards())


def _upwards() -> list[Path]:
    """Return the working directory, and those above it up to the root of its repository or the home directory."""
    try:
        here = Path.cwd()
    except OSError:  # it was deleted
        return []
    home = None
    with contextlib.suppress(OSError, RuntimeError):
        home = Path.home().resolve()
    folders = [here, *here.parents]
    ends = (n for n, folder in enumerate(folders, 1) if folder == home or os.path.lexists(folder / ".git"))
    return folders[: next(ends, 1)]


def is_of_another_user(path: Path) -> bool:
    """Whether neither this user nor root wrote a file that was found because of the working directory."""
    if not hasattr(os, "getuid") or is_own(path) or not _is_among(path, [*picked(), *projects()]):
        return False
    try:
        owners = {path.stat().st_uid, path.lstat().st_uid}
    except OSError:
        return True
    return not owners <= {0, os.getuid()}


def is_own(path: Path) -> bool:
    """Whether it is one of the files that this user chose."""
    return _is_among(path, own())


def _is_among(path: Path, paths: Iterable[Path]) -> bool:
    for other in paths:
        with contextlib.suppress(OSError):
            if path.samefile(other):
                return True
    return False


def may_set(path: Path) -> bool:
    """Whether a file can be read and may have settings."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES)
    except (OSError, ValueError):
        return False
    for name in _NO_MARKS:
        content = content.replace(name, b"")
    return _MARK in content
