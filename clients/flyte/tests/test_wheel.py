"""The wheel that the service hands out, against the package in this environment, which hatchling built."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from importlib import metadata
from pathlib import Path

import httpx
import pytest
from conftest import Service

OUTDATED = "The service has another package than is installed here: build its jar and install the package again"


@pytest.fixture
def link(service: Service) -> str:
    page = httpx.get(f"{service.url}/client/").raise_for_status().text
    names = re.findall(r'<a href="([^"#]+\.whl)#sha256=', page)
    assert len(names) == 1
    return f"{service.url}/client/{names[0]}"


@pytest.fixture
def wheel(link: str) -> zipfile.ZipFile:
    opened = zipfile.ZipFile(io.BytesIO(httpx.get(link).raise_for_status().content))
    assert opened.testzip() is None
    return opened


@pytest.fixture
def installed() -> dict[str, bytes]:
    """Return the files of the package, without those that pip adds."""
    by_pip = ("INSTALLER", "REQUESTED", "direct_url.json", ".pyc", "RECORD")
    files = metadata.distribution("dejavu-flyte").files or []
    return {str(f): f.read_binary() for f in files if not str(f).endswith(by_pip)}


def fields(text: str) -> dict[str, list[str]]:
    """Return all fields that say something about the package, and its description."""
    message: Message = Parser().parsestr(text)
    described = {name: sorted(message.get_all(name, [])) for name in message if name != "Metadata-Version"}
    return described | {"description": [str(message.get_payload())]}


def test_has_what_hatchling_builds(link: str, wheel: zipfile.ZipFile, installed: dict[str, bytes]) -> None:
    info = f"dejavu_flyte-{metadata.version('dejavu-flyte')}.dist-info"

    assert link.endswith(f"/dejavu_flyte-{metadata.version('dejavu-flyte')}-py3-none-any.whl")
    assert set(wheel.namelist()) == {*installed, f"{info}/RECORD"}, OUTDATED
    for name in installed.keys() - {f"{info}/METADATA", f"{info}/WHEEL"}:
        assert wheel.read(name) == installed[name], f"{name}: {OUTDATED}"
    for name in (f"{info}/METADATA", f"{info}/WHEEL"):
        served = fields(wheel.read(name).decode())
        assert served | {"Generator": []} == fields(installed[name].decode()) | {"Generator": []}, OUTDATED


@pytest.mark.parametrize("way", ["file", "index", "page"])
def test_pip_installs_it_from_the_service(service: Service, link: str, tmp_path: Path, way: str) -> None:
    index = f"{service.url}/client/"
    source = {
        "file": [link],
        "index": ["--index-url", index, "dejavu-flyte"],
        "page": ["--no-index", "--find-links", index, "dejavu-flyte"],
    }[way]
    python = tmp_path / "venv/bin/python"

    def call(*command: str | Path) -> str:
        process = subprocess.run(
            command, env={"HOME": str(tmp_path)}, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    call(sys.executable, "-m", "venv", tmp_path / "venv")
    call(python, "-m", "pip", "install", "--no-deps", "--no-cache-dir", "--disable-pip-version-check", *source)

    imported = call(python, "-c", "import dejavu_flyte as d; print(d.__version__, d.__file__)")
    version, _, file = imported.strip().partition(" ")
    assert version == metadata.version("dejavu-flyte")
    assert Path(file).is_relative_to(tmp_path)
    points = call(
        python, "-c", "from importlib import metadata as m; print(m.distribution('dejavu-flyte').entry_points)"
    )
    assert "dejavu_flyte:plug_in" in points
    assert "dejavu_flyte.cli:team_cache" in points
