"""The metadata of the package."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

import dejavu_flyte
from dejavu_flyte import support

HERE = Path(__file__).parent.parent


def test_tests_run_with_the_supported_versions() -> None:
    pairs = re.findall(r"^(\d\S*) (\S+) (?:all|core)$", (HERE / "versions.txt").read_text(), re.MULTILINE)

    assert (pairs[0][0], pairs[-1][0]) == (support.OLDEST, support.NEWEST)
    assert (support.flyte_version(), f"{sys.version_info.major}.{sys.version_info.minor}") in pairs
    assert f"flyte>={support.OLDEST}" in (metadata.requires("dejavu-flyte") or [])


def test_version() -> None:
    assert metadata.version("dejavu-flyte") == dejavu_flyte.__version__


def test_pages_name_the_version() -> None:
    pages = [HERE / "README.md", HERE.parent.parent / "README.md"]
    named = [version for page in pages for version in re.findall(r"dejavu_flyte-([\w.]+)-py3", page.read_text())]

    assert len(named) >= 2
    assert set(named) == {dejavu_flyte.__version__}


def test_flyte_brings_every_dependency() -> None:
    brought = {
        re.split(r"[^\w-]", name)[0].lower() for name in metadata.requires("flyte") or [] if "extra ==" not in name
    }
    brought |= {"flyte"}
    brought |= {"rich"}  # with rich-click
    brought |= {"tomli"}  # only Python 3.10 needs it, and only for settings in a pyproject.toml

    needed = {re.split(r"[^\w-]", name)[0].lower() for name in metadata.requires("dejavu-flyte") or []}

    assert needed <= brought
