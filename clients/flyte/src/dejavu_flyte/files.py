"""Settings that a repository or a home directory brings: `dejavu:` in Flyte's configuration, `[tool.dejavu]`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dejavu_flyte import places

MEMBERS = (
    "url",
    "timeout",
    "image_prefixes",
    "bundle_paths",
    "remote_builder",
    "max_age",
    "wait",
    "share",
    "token_audience",
)
# A repository must not choose for whom the tokens of a job are.
_OWN_ONLY = ("token_audience",)
_ENVIRONMENT_ONLY = ("token", "token_file", "insecure", "skip")

_INITIALIZES = "flyte._initialize"


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
    found = filter(places.may_set, [*configurations, *places.configurations(), *places.projects()])
    return any(not places.is_of_another_user(path) for path in found)


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
    tables = [(path, _table(path)) for path in places.own()]
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
    return {} if path is None or table is None else _members(table, f"dejavu in {path}", is_own=places.is_own(path))


def _table(path: Path) -> object:
    if not places.may_set(path) or _skips(path):
        return None
    yaml: Any = importlib.import_module("yaml")
    try:
        content = yaml.safe_load(path.read_bytes())
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as e:
        _say_unreadable(path, e)
        return None
    return content.get("dejavu") if isinstance(content, dict) else None


def _of_project() -> dict[str, Given]:
    for path in filter(places.may_set, places.projects()):
        if _skips(path):
            continue
        try:
            toml: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
            table = toml.loads(path.read_text("utf-8")).get("tool", {}).get("dejavu")
        except (ImportError, OSError, ValueError, RecursionError, AttributeError) as e:
            _say_unreadable(path, e)
            return {}
        if table is not None:
            return _members(table, f"[tool.dejavu] in {path}", is_own=False)
    return {}


def _say_unreadable(path: Path, error: Exception) -> None:
    _say(path, f"cannot be read, so it sets nothing for the team cache: {' '.join(str(error).split())}")


def _skips(path: Path) -> bool:
    skips = places.is_of_another_user(path)
    if skips:
        _say(path, "belongs to another user, so it sets nothing for the team cache")
    return skips


def _say(path: Path, what: str) -> None:
    from dejavu_flyte import log  # noqa: PLC0415  (most processes have nothing to say)

    log.warn("%s %s", path, what)


def _members(table: object, where: str, *, is_own: bool) -> dict[str, Given]:
    if not isinstance(table, dict):
        raise FileError(f"{where} must have members: {', '.join(MEMBERS)}")
    for name in table:
        if name in _OWN_ONLY and not is_own:
            raise FileError(
                f"{name} of {where} must not come with a repository: set DEJAVU_{name.upper()}, or a file of your own"
            )
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
