"""`flyte team-cache`: show the state of the team cache, fill it, and explain a miss."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rich_click as click
from click.exceptions import Abort, ClickException, Exit

from dejavu_flyte import __version__, explain, local, support
from dejavu_flyte.connection import ServiceError
from dejavu_flyte.display import console, print_key, print_savings, progress, shown
from dejavu_flyte.journal import Journal
from dejavu_flyte.keys import KINDS, ImageKey, Key
from dejavu_flyte.local import LocalError
from dejavu_flyte.log import printable
from dejavu_flyte.service import Service
from dejavu_flyte.settings import SettingError, Settings
from dejavu_flyte.transfer import OnProgress, Report, Transfer

_TIMEOUT = 10.0
_REASONS = 20
_LOCK_TIMEOUT = 5.0


class _Commands(click.RichGroup):
    """Reports every error on one line, without a traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (ClickException, Exit, Abort):
            raise
        except SettingError as e:
            raise click.UsageError(printable(e)) from e
        except ServiceError as e:
            raise click.ClickException(printable(f"The team cache does not work: {e}")) from e
        except LocalError as e:
            raise click.ClickException(printable(e)) from e
        except Exception as e:
            raise click.ClickException(printable(f"{type(e).__name__}: {e}")) from e


@click.group("team-cache", cls=_Commands)
def team_cache() -> None:
    """Share image checks and code bundles with the team (DEJAVU_URL, DEJAVU_TOKEN)."""


@team_cache.command()
@click.pass_context
def status(context: click.Context) -> None:
    """Show whether the team cache works, and what it saved on this machine."""
    with _service() as (settings, service):
        console.print(f"Service   {shown(settings.public_url)}")
        try:
            version = service.version()
            console.print(f"          [green]answers[/green], Dejavu {shown(version or 'of an unknown version')}")
            for name, counts in service.stats().items():
                entries = counts.get("entries", "?") if isinstance(counts, dict) else "?"
                console.print(f"          {shown(name)}: {shown(entries)} entries")
            failed = False
        except ServiceError as e:
            console.print(f"          [red]does not work[/red]: {shown(e)}")
            failed = True
    try:
        support.check()
        wrapped = "supported"
    except support.UnsupportedFlyteError as e:
        wrapped = f"[red]not supported, so nothing is shared[/red]: {shown(e)}"
        failed = True
    console.print(f"Client    dejavu-flyte {__version__}, Flyte {support.flyte_version()} {wrapped}")
    print_savings()
    context.exit(1 if failed else 0)


@team_cache.command()
@click.option("-p", "--project", help="Project of the entries, if not the configured one.")
@click.option("-d", "--domain", help="Domain of the entries, if not the configured one.")
@click.pass_context
def push(context: click.Context, project: str | None, domain: str | None) -> None:
    """Share the entries in this machine's local cache with the team."""
    _transfer(_scope(context, project, domain), Transfer.push, "shared with the team")


@team_cache.command()
@click.option("-p", "--project", help="Project of the entries, if not the configured one.")
@click.option("-d", "--domain", help="Domain of the entries, if not the configured one.")
@click.option("--limit", type=click.IntRange(min=1), default=10_000, show_default=True, help="Maximum of each kind.")
@click.pass_context
def pull(context: click.Context, project: str | None, domain: str | None, limit: int) -> None:
    """Write the team's entries into Flyte's local cache, for runners that may not load the plugin."""
    scope = _scope(context, project, domain)
    _transfer(
        scope,
        lambda transfer, kind, on_progress: transfer.pull(kind, limit, on_progress),
        "written into the local cache",
    )


@team_cache.command("explain")
@click.argument("what")
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    help="Platform of the image, repeatable. [default: linux/amd64 and linux/arm64]",
)
@click.option("--copy-style", type=click.Choice(["loaded_modules", "all"]), help="As for flyte run.")
@click.option("--root-dir", type=click.Path(path_type=Path, exists=True), help="As for flyte run.")
@click.option("--files", is_flag=True, help="List the files of the bundle.")
@click.option("-p", "--project", help="As for flyte run.")
@click.option("-d", "--domain", help="As for flyte run.")
@click.pass_context
def explain_command(
    context: click.Context,
    what: str,
    platforms: tuple[str, ...],
    copy_style: str | None,
    root_dir: Path | None,
    files: bool,
    project: str | None,
    domain: str | None,
) -> None:
    """Show the keys that this machine makes of WHAT, their parts, and whether the team has them.

    WHAT is an image (registry/name:tag), a script (its images and its bundle) or a folder (its bundle).
    Exits with 0 if the team has all of them, else with 1.
    """
    _scope(context, project, domain)
    path = Path(what)
    root = (root_dir or Path.cwd()).resolve()
    images: list[ImageKey] = []
    bundle = None
    if path.suffix == ".py" and path.is_file():
        images, others, bundle = explain.script(path.resolve(), root, copy_style or "loaded_modules")
        for uri in others:
            console.print(f"Image [bold]{shown(uri)}[/bold] is never looked up: Flyte uses it as it is\n")
    elif path.is_dir():
        bundle = explain.folder(path.resolve(), copy_style or "all")
    else:
        try:
            images = [explain.image(what, platforms)]
        except ValueError as e:
            raise click.UsageError(str(e)) from None
    titled: list[tuple[str, Key]] = [(f"Image [bold]{shown(key.uri)}[/bold]", key) for key in images]
    if bundle:
        if not bundle.files:
            raise click.UsageError(f"There are no files to bundle in {what}")
        titled.append((f"Bundle of {len(bundle.files)} files, copy style {bundle.copy_style}", bundle.key))
    with _service() as (settings, service):
        hits = [print_key(service, settings.allowed, title, key) for title, key in titled]
    if bundle and files:
        for file in bundle.files:
            console.print(f"  {shown(file)}")
    context.exit(0 if all(hits) else 1)


def _transfer(scope: str, move: Callable[[Transfer, type[Key], OnProgress], Report], moved: str) -> None:
    cache, journal = local.cache(), Journal(local.journal_path, timeout=_LOCK_TIMEOUT)
    with _service() as (settings, service), progress() as bar:
        transfer = Transfer(service, cache, journal, scope, settings.allowed)
        for kind in KINDS:
            task = bar.add_task(kind.collection, total=None)
            report = move(transfer, kind, functools.partial(bar.update, task))
            bar.remove_task(task)
            console.print(f"{report.moved} {kind.collection} {moved}")
            reasons = report.skipped.most_common(_REASONS)
            for reason, n in sorted(reasons):
                console.print(f"  {n} skipped: {shown(reason)}")
            if more := report.skipped.total() - sum(n for _, n in reasons):
                console.print(f"  {more} skipped for other reasons")


def _scope(context: click.Context, project: str | None, domain: str | None) -> str:
    """Configure Flyte like its other commands, and return the scope."""
    configuration: Any = context.obj
    configuration.init(project=project, domain=domain)
    return support.scope()


@contextlib.contextmanager
def _service() -> Iterator[tuple[Settings, Service]]:
    settings = Settings.from_environment()
    service = Service(settings, timeout=_TIMEOUT)
    try:
        yield settings, service
    finally:
        service.close()
