"""Dejavu as it is shipped."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from peers import ROOT, run


def say(text: str) -> None:
    print(text, flush=True)


def java_home() -> Path:
    """As mvnw finds it."""
    said = run(str(ROOT / "mvnw"), "-v")
    return Path(next(line.split("runtime: ")[1] for line in said.splitlines() if "runtime: " in line))


def options() -> list[str]:
    return [f"@{ROOT}/src/main/jvm/java.options"]


def ship(java: Path, app: Path) -> list[str]:
    """Builds what is shipped, as the README tells; returns the command that starts it."""
    run(str(ROOT / "mvnw"), "-B", "-ntp", "-q", "-DskipTests", "package", cwd=ROOT)
    shutil.rmtree(app, ignore_errors=True)
    run(str(java), "-Djarmode=tools", "-jar", str(ROOT / "target/dejavu.jar"), "extract", "--destination", str(app))
    with tempfile.TemporaryDirectory() as home:
        run(str(java), *options(), "-XX:AOTCacheOutput=dejavu.aot", "-Dspring.context.exit=onRefresh", "-jar", "dejavu.jar",
            f"--dejavu.home={home}", cwd=app)
    return [str(java), *options(), f"-XX:AOTCache={app}/dejavu.aot", "-jar", f"{app}/dejavu.jar"]
