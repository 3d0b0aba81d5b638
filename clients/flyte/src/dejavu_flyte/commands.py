"""The commands: show the state of the team cache, fill it, explain a miss, take entries back, and build once."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rich_click as click

from dejavu_flyte import build_once, causes, display, explain, local, support
from dejavu_flyte import status as state
from dejavu_flyte.cli import team_cache
from dejavu_flyte.command import Document, Done, command, platforms, running, what
from dejavu_flyte.forget import Forget
from dejavu_flyte.journal import Journal
from dejavu_flyte.keys import KINDS, BundleKey, Key
from dejavu_flyte.service import Service
from dejavu_flyte.settings import Settings
from dejavu_flyte.transfer import OnProgress, Report, Transfer

_TIMEOUT = 10.0
_LOCK_TIMEOUT = 5.0


@command(team_cache, "status", display.show_status)
def status(context: click.Context, project: str | None, domain: str | None) -> Done:
    """Show whether the team cache works, who the service takes you for, and what it saved on this machine."""
    scope = _scope(context, project, domain)
    found = state.document(Settings.load(), _TIMEOUT, scope, Journal(local.journal_path))
    return found, "error" not in found["service"] and "error" not in found["client"]


@command(team_cache, "push", display.show_push)
def push(context: click.Context, project: str | None, domain: str | None) -> Done:
    """Share the entries in this machine's local cache with the team."""
    scope, settings = _scope(context, project, domain), Settings.load()
    if not settings.is_own:
        origin = settings.origins["DEJAVU_URL"]
        raise click.UsageError(
            f"push would send what all projects left on this machine to {settings.public_url}, which {origin} names: "
            "set DEJAVU_URL too"
        )
    return _transfer(scope, Transfer.push)


@command(team_cache, "pull", display.show_pull)
@click.option("--limit", type=click.IntRange(min=1), default=10_000, show_default=True, help="Maximum of each kind.")
@click.option(
    "--bundles", is_flag=True, help="Also bundles: Flyte alone compares neither modes nor links of their files."
)
def pull(context: click.Context, project: str | None, domain: str | None, limit: int, bundles: bool) -> Done:
    """Write the team's images into Flyte's local cache, for runners that may not load the plugin."""
    return _transfer(_scope(context, project, domain), functools.partial(_pull, limit, bundles))


@command(team_cache, "explain", display.show_explain)
@what(nargs=1)
@click.option("--files", is_flag=True, help="List the files of the bundle.")
def explain_command(
    context: click.Context, what: str, files: bool, project: str | None, domain: str | None, **how: Any
) -> Done:
    """Show the keys that this machine makes of WHAT, their parts, and whether the team has them.

    WHAT is an image (registry/name:tag), a script (its images and its bundle) or a folder (its bundle).
    Exits with 0 if the team has all of them, else with 1.
    """
    _scope(context, project, domain)
    named = _named(what, **how)
    with _service() as (settings, service):
        found = causes.document(service, settings, named, list_files=files)
    return found, all(entry["outcome"] == "hit" for entry in found["entries"])


@command(team_cache, "forget", display.show_forget)
@what(nargs=-1)
@click.option("--dry-run", is_flag=True, help="Show what there is, and delete nothing.")
def forget(
    context: click.Context, what: tuple[str, ...], dry_run: bool, project: str | None, domain: str | None, **how: Any
) -> Done:
    """Take back what the team and this machine know about each WHAT, as explain names it.

    WHAT is an image (registry/name:tag), a script (its images and its bundle) or a folder (its bundle).
    Exits with 1 if the team keeps one of them.
    """
    _scope(context, project, domain)
    keys = list(dict.fromkeys(key for each in what for key in _named(each, **how).keys))
    with _service() as (settings, service):
        forgetting = Forget(service, settings, local.cache(), Journal(local.journal_path, _LOCK_TIMEOUT), dry_run)
        entries = forgetting.forget(keys)
    return {"dry_run": dry_run, "entries": entries}, not any(entry["refused"] for entry in entries)


@running(team_cache, "build-once")
@platforms
@click.argument("image")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
def build_once_command(
    context: click.Context,
    image: str,
    command: tuple[str, ...],
    platforms: tuple[str, ...],
    project: str | None,
    domain: str | None,
) -> int:
    """Run COMMAND, which builds and pushes IMAGE (registry/name:tag), only if nobody else did or does.

    Exits with 0 if the team has the image or somebody else built it, else with the code of COMMAND: 128 and its number
    for a signal, 127 if there is no such command, 126 if it cannot be run. Without the service, COMMAND runs.
    """
    _scope(context, project, domain)
    try:
        key = explain.image(image, platforms)
    except ValueError as e:
        raise click.UsageError(str(e)) from None
    return build_once.build_once(key, command)


def _named(what: str, platforms: tuple[str, ...], copy_style: str | None, root_dir: Path | None) -> explain.Named:
    try:
        return explain.named(what, platforms, (root_dir or Path.cwd()).resolve(), copy_style)
    except ValueError as e:
        raise click.UsageError(str(e)) from None


def _pull(limit: int, bundles: bool, transfer: Transfer, kind: type[Key], on_progress: OnProgress) -> Report:
    return transfer.pull(kind, limit, on_progress) if bundles or kind is not BundleKey else Report()


def _transfer(scope: str, move: Callable[[Transfer, type[Key], OnProgress], Report]) -> Done:
    cache, journal = local.cache(), Journal(local.journal_path, _LOCK_TIMEOUT)
    found: Document = {"scope": scope}
    with _service() as (settings, service), display.progress() as bar:
        transfer = Transfer(service, cache, journal, scope, settings.allowed, settings.max_age)
        for kind in KINDS:
            task = bar.add_task(kind.collection, total=None)
            report = move(transfer, kind, functools.partial(bar.update, task))
            bar.remove_task(task)
            skipped = [{"reason": reason, "n": n} for reason, n in report.skipped.most_common()]
            found[kind.collection] = {"moved": report.moved, "skipped": skipped}
    return found, True


def _scope(context: click.Context, project: str | None, domain: str | None) -> str:
    """Configure Flyte like its other commands, and return the scope."""
    configuration: Any = context.obj
    configuration.init(project=project, domain=domain)
    return support.scope()


@contextlib.contextmanager
def _service() -> Iterator[tuple[Settings, Service]]:
    settings = Settings.load()
    service = Service(settings, timeout=_TIMEOUT)
    try:
        yield settings, service
    finally:
        service.close()
