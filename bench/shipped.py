"""Dejavu as it is shipped."""

from __future__ import annotations

import shutil
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
    # Its path is part of the cache: so must it be started.
    command = [str(java), *options(), "-jar", f"{app}/dejavu.jar"]
    run(str(ROOT / "src/main/jvm/train"), *command[:-2], f"-XX:AOTCacheOutput={app}/dejavu.aot", *command[-2:])
    return [*command[:-2], f"-XX:AOTCache={app}/dejavu.aot", f"-Dorg.sqlite.lib.path={app}", *command[-2:]]
