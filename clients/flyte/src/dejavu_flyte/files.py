"""Settings that a repository or a home directory brings: `dejavu:` in Flyte's configuration, `[tool.dejavu]`."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEMBERS = (
    "url",
    "timeout",
    "image_prefixes",
    "bundle_paths",
    "remote_builder",
    "max_age",
    "share",
    "token_audience",
)
_ENVIRONMENT_ONLY = ("token", "token_file", "insecure", "skip")
# The package's own names stand in many a list of dependencies.
_MARK, _NO_MARKS = b"dejavu", (b"dejavu-flyte", b"dejavu_flyte")
_MAX_BYTES = 1024 * 1024
_INITIALIZES = "flyte._initialize"
# The user chose these files; all others may come with a repository.
_OWN = ("~/.union/config.yaml", "~/.flyte/config.yaml")
_NAMED = ("UCTL_CONFIG", "FLYTECTL_CONFIG")


class FileError(ValueError):
    """A file has a setting that does not exist, or that is no text, number, switch or list; the text names both."""


@dataclass(frozen=True)
class Given:
    """A setting as text, as in the environment; `name` says where it stands."""

    text: str
    name: str


def exist() -> bool:
    """Whether a file may have settings; takes a millisecond, and may be wrong if the word is elsewhere in a file.

    Flyte calls this while it is initialized, so that its configuration is known to its callers alone.
    """
    named: list[Path] = [Path(argument.partition("=")[2] or argument) for argument in getattr(sys, "argv", [])[1:]]
    configurations = [path for path in [*named, *_initialized_with()] if path.suffix in (".yaml", ".yml")]
    return any(map(_mentions, [*configurations, *_configurations(), *_projects()]))


def _initialized_with() -> Iterator[Path]:
    frame = sys._getframe().f_back
    while frame is not None:
        # To read the variables of other frames would keep what they refer to alive.
        if frame.f_globals.get("__name__") == _INITIALIZES:
            path = frame.f_locals.get("source_config_path")
            if isinstance(path, (str, Path)):
                yield Path(path)
        frame = frame.f_back


def given() -> dict[str, Given]:
    """Return the members that are set, those of Flyte's configuration before those of `pyproject.toml`.

    Raises:
        FileError: one of them is invalid
    """
    return _of_project() | _of_configuration(configuration())


def own_urls() -> set[str]:
    """Return the URLs in files that the user chose, and no repository: those a token may be sent to.

    Raises:
        FileError: one of them is no text
    """
    tables = [(path, _table(path)) for path in _own()]
    urls = [
        _text(table["url"], f"url of dejavu in {path}")
        for path, table in tables
        if isinstance(table, dict) and "url" in table
    ]
    return {url.rstrip("/") for url in urls}


def configuration() -> Path | None:
    """Return the configuration file that Flyte uses in this process: the named one, else the one that it finds."""
    initialized = importlib.import_module(_INITIALIZES)._get_init_config()
    if named := getattr(initialized, "source_config_path", None):
        return Path(named)
    click = sys.modules.get("click")
    context = click.get_current_context(silent=True) if click else None
    if context and (source := getattr(getattr(context.find_root().obj, "config", None), "source", None)):
        return Path(source)
    try:
        source = importlib.import_module("flyte.config").auto().source
    except Exception:  # noqa: BLE001  (Flyte itself reports what it cannot read)
        return None
    return Path(source) if source else None


def _of_configuration(path: Path | None) -> dict[str, Given]:
    table = _table(path) if path else None
    return {} if table is None else _members(table, f"dejavu in {path}")


def _table(path: Path) -> object:
    if not _mentions(path):
        return None
    yaml: Any = importlib.import_module("yaml")
    try:
        content = yaml.safe_load(path.read_bytes())
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as e:
        _say_unreadable(path, e)
        return None
    return content.get("dejavu") if isinstance(content, dict) else None


def _of_project() -> dict[str, Given]:
    for path in filter(_mentions, _projects()):
        try:
            toml: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
            table = toml.loads(path.read_text("utf-8")).get("tool", {}).get("dejavu")
        except (ImportError, OSError, ValueError, RecursionError, AttributeError) as e:
            _say_unreadable(path, e)
            return {}
        if table is not None:
            return _members(table, f"[tool.dejavu] in {path}")
    return {}


def _say_unreadable(path: Path, error: Exception) -> None:
    from dejavu_flyte import log  # noqa: PLC0415  (most processes have nothing to say)

    log.warn("%s cannot be read, so it sets nothing for the team cache: %s", path, " ".join(str(error).split()))


def _members(table: object, where: str) -> dict[str, Given]:
    if not isinstance(table, dict):
        raise FileError(f"{where} must have members: {', '.join(MEMBERS)}")
    for name in table:
        if name in _ENVIRONMENT_ONLY:
            raise FileError(f"{name} of {where} must not stand in a file: set DEJAVU_{name.upper()}")
        if name not in MEMBERS:
            raise FileError(f"{name} of {where} is unknown; there are {', '.join(MEMBERS)}")
    return {name: Given(_text(value, f"{name} of {where}"), f"{name} of {where}") for name, value in table.items()}


def _text(value: object, name: str) -> str:
    """Return a value as it is written in the environment."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (str, int, float)):
        return str(value).strip()
    if isinstance(value, list) and all(isinstance(part, str) and "," not in part for part in value):
        return ",".join(value)
    raise FileError(f"{name} must be a text, a number, true or false, or a list of texts")


def _own() -> Iterator[Path]:
    named = [Path(os.environ[name]) for name in _NAMED if os.environ.get(name)]
    yield from (path for path in named if path.is_absolute())  # a relative one may be in a repository
    with contextlib.suppress(RuntimeError):  # there is no home directory
        yield from [Path(own).expanduser() for own in _OWN]


def _configurations() -> Iterator[Path]:
    """Return all files that Flyte may take, without the `git` that it runs for one of them."""
    yield Path("config.yaml")
    yield from (Path(os.environ[name]) for name in _NAMED if os.environ.get(name))
    yield from (folder / ".flyte/config.yaml" for folder in _upwards())
    yield from _own()


def _projects() -> Iterator[Path]:
    yield from (folder / "pyproject.toml" for folder in _upwards())


def _upwards() -> list[Path]:
    try:
        here = Path.cwd()
    except OSError:  # it was deleted
        return []
    return [here, *here.parents]


def _mentions(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES)
    except (OSError, ValueError):
        return False
    for name in _NO_MARKS:
        content = content.replace(name, b"")
    return _MARK in content
