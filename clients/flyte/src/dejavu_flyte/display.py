"""What `flyte team-cache` prints."""

from __future__ import annotations

import itertools

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from dejavu_flyte import local
from dejavu_flyte.journal import HIT, MISS, SHARED, WORK, Journal
from dejavu_flyte.keys import KINDS, ImageKey, Key, why_not_used
from dejavu_flyte.log import printable
from dejavu_flyte.service import Service
from dejavu_flyte.values import Allowed

_NEAR_MISSES = 20

console = Console(highlight=False, soft_wrap=True)


def shown(text: object) -> str:
    """Return a text as it is to be read: neither markup nor a command to the terminal."""
    return escape(printable(text))


def print_key(service: Service, allowed: Allowed, title: str, key: Key) -> bool:
    """Print a key and what the team has for it; return whether that is a hit."""
    console.print(title)
    for name, part in [*key.parts().items(), ("key", key.hash)]:
        console.print(f"  {name:<12}  {shown(_text(part))}")
    if reason := key.why_not_shared(allowed):
        console.print(f"  [yellow]never shared[/yellow]: {shown(reason)}\n")
        return False
    if found := service.find(key):
        values = shown(", ".join(found.values()))
        if reason := why_not_used(key, found, allowed):
            console.print(f"  [red]miss[/red]: the team has {values}, which is not used: {shown(reason)}\n")
            return False
        console.print(f"  [green]hit[/green]: the team has {values}\n")
        return True
    console.print("  [yellow]miss[/yellow]: the team does not have it")
    if isinstance(key, ImageKey):
        _print_near_misses(service, key)
    console.print()
    return False


def _print_near_misses(service: Service, key: ImageKey) -> None:
    """List the entries of the same image with other parts: they nearly always explain a miss."""
    for entry in itertools.islice(service.entries(ImageKey, image_uri=key.uri), _NEAR_MISSES):
        others = [
            f"{name} [bold]{shown(_text(entry[name]))}[/bold]"
            for name, part in key.parts().items()
            if name in entry and _text(entry[name]) != _text(part)
        ]
        console.print(f"  the team has it with {' and '.join(others) or 'unknown parts'}")


def _text(part: object) -> str:
    return ", ".join(sorted(map(str, part))) if isinstance(part, list) else str(part)


def print_savings() -> None:
    """Print the counts and the time saved on this machine."""
    journal = Journal(local.journal_path)
    console.print("This machine")
    for kind in KINDS:
        hits, misses, shared, work = (journal.tally(kind, event) for event in (HIT, MISS, SHARED, WORK))
        each = work.seconds / work.n if work.n else kind.assumed_seconds
        source = f"{each:.1f} s each, " + (f"measured {work.n} times" if work.n else "assumed")
        saved = f"about {hits.n * each:.1f} s saved ({source})" if each else "no work measured yet"
        console.print(
            f"          {kind.collection}: {hits.n} hits, {misses.n} misses, {shared.n} shared with the team; {saved}"
        )


def progress() -> Progress:
    """Return a bar that disappears at the end."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
    )
