"""What all commands of `flyte team-cache` have in common."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rich_click as click
from click.exceptions import Abort, ClickException, Exit

from dejavu_flyte import run
from dejavu_flyte.connection import ServiceError
from dejavu_flyte.local import LocalError
from dejavu_flyte.log import printable
from dejavu_flyte.service import EntryRefused
from dejavu_flyte.settings import SettingError

Document = dict[str, Any]
Done = tuple[Document, bool]
"""What a command found, and whether it exits with 0."""


class Command(click.RichCommand):
    """Shows what its function returns, as text or as one JSON document, and each error on one line."""

    def __init__(self, *args: Any, show: Callable[[Any], None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._show = show
        self.params.append(
            click.Option(
                ["-o", "--output"],
                type=click.Choice(["text", "json"]),
                default="text",
                show_default=True,
                help="json: one document on stdout, and messages on stderr.",
            )
        )

    def invoke(self, context: click.Context) -> Any:
        """Call the function, show what it returns, and exit."""
        run.begin_command()
        if context.params.pop("output") != "json":
            document, ok = self._document(context)
            self._show(document)
            context.exit(0 if ok else 1)
        try:
            with contextlib.redirect_stdout(sys.stderr):  # a script may print while it is loaded
                document, ok = self._document(context)
        except ClickException as e:
            click.echo(json.dumps({"error": e.format_message()}))
            raise
        click.echo(json.dumps(document, indent=2))
        context.exit(0 if ok else 1)

    def _document(self, context: click.Context) -> Done:
        with _on_one_line():
            done: Done = super().invoke(context)
            return done


class Running(click.RichCommand):
    """Runs another command, whose output and exit code are its own."""

    def invoke(self, context: click.Context) -> Any:
        """Call the function, and exit with the code that it returns."""
        run.begin_command()
        with _on_one_line():
            context.exit(super().invoke(context))


@contextlib.contextmanager
def _on_one_line() -> Iterator[None]:
    try:
        yield
    except (ClickException, Exit, Abort):
        raise
    except SettingError as e:
        raise click.UsageError(printable(e)) from e
    except EntryRefused as e:
        raise ClickException(printable(e)) from e
    except ServiceError as e:
        raise ClickException(printable(f"The team cache does not work: {e}")) from e
    except LocalError as e:
        raise ClickException(printable(e)) from e
    except Exception as e:
        raise ClickException(printable(f"{type(e).__name__}: {e}")) from e


def command(
    group: click.Group, name: str, show: Callable[[Any], None]
) -> Callable[[Callable[..., Done]], click.Command]:
    """Make a command of a function: it shows what the function returns."""
    return _made(group, name, cls=Command, show=show)


def running(group: click.Group, name: str) -> Callable[[Callable[..., int]], click.Command]:
    """Make a command of a function that runs another one, and returns the exit code."""
    return _made(group, name, cls=Running)


def _made(group: click.Group, name: str, **how: Any) -> Callable[[Callable[..., Any]], click.Command]:
    def decorate(function: Callable[..., Any]) -> click.Command:
        for option in (
            click.option("-d", "--domain", help="Domain of the entries, if not the configured one."),
            click.option("-p", "--project", help="Project of the entries, if not the configured one."),
        ):
            function = option(function)
        decorated: click.Command = group.command(name, **how)(click.pass_context(function))
        return decorated

    return decorate


platforms = click.option(
    "--platform",
    "platforms",
    multiple=True,
    help="Platform of the image, repeatable. [default: linux/amd64 and linux/arm64]",
)
"""The option that says which image of a name is meant."""


def what(nargs: int) -> Callable[[Callable[..., Done]], Callable[..., Done]]:
    """Add the argument WHAT and the options that say how Flyte makes the keys of it."""

    def decorate(function: Callable[..., Done]) -> Callable[..., Done]:
        for parameter in (
            click.option(
                "--root-dir", type=click.Path(path_type=Path, exists=True, file_okay=False), help="As for flyte run."
            ),
            click.option("--copy-style", type=click.Choice(["loaded_modules", "all"]), help="As for flyte run."),
            platforms,
            click.argument("what", nargs=nargs, required=True),
        ):
            function = parameter(function)
        return function

    return decorate
