"""Dejavu as it is shipped."""

from __future__ import annotations

import shutil
from pathlib import Path

from peers import ROOT, run


def say(text: str) -> None:
    print(text, flush=True)


def java_home() -> Path:
    """The JDK that mvnw finds."""
    version = run(str(ROOT / "mvnw"), "-v")
    return Path(next(line.split("runtime: ")[1] for line in version.splitlines() if "runtime: " in line))


def options(checkout: Path = ROOT) -> list[str]:
    return [f"@{checkout}/src/main/jvm/java.options"]


def ship(java: Path, app: Path, checkout: Path = ROOT) -> list[str]:
    """Builds a checkout as docs/operations.md says; returns the command that starts it."""
    run(str(checkout / "mvnw"), "-B", "-ntp", "-q", "-DskipTests", "package", cwd=checkout)
    shutil.rmtree(app, ignore_errors=True)
    run(str(java), "-Djarmode=tools", "-jar", str(checkout / "target/dejavu.jar"), "extract", "--destination", str(app))
    # The path is part of the AOT cache: the service must start from the same one.
    command = [str(java), *options(checkout), "-jar", f"{app}/dejavu.jar"]
    run(str(checkout / "src/main/jvm/train"), *command[:-2], f"-XX:AOTCacheOutput={app}/dejavu.aot", *command[-2:])
    return [*command[:-2], f"-XX:AOTCache={app}/dejavu.aot", f"-Dorg.sqlite.lib.path={app}", *command[-2:]]
