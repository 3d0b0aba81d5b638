"""What `flyte team-cache` prints for people; the documents are those of `-o json`."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from dejavu_flyte.causes import as_text
from dejavu_flyte.keys import KINDS
from dejavu_flyte.log import printable

_REASONS = 20

Document = dict[str, Any]

_console = Console(highlight=False, soft_wrap=True)


def shown(text: object) -> str:
    """Return a text as it is to be read: neither markup nor a command to the terminal."""
    return escape(printable(text))


def progress() -> Progress:
    """Return a bar on stderr that disappears at the end."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _line(name: str, text: str) -> None:
    _console.print(f"{name:<10}{text}")


def show_status(found: Document) -> None:
    """Print what `status` found."""
    service, client, scope, machine = (found[part] for part in ("service", "client", "scope", "machine"))
    origin = service["url_from"]
    _line("Service", shown(service["url"] + ("" if origin == "DEJAVU_URL" else f", from {origin}")))
    if "error" in service:
        _line("", f"[red]does not work[/red]: {shown(service['error'])}")
    else:
        _line("", f"[green]answers[/green], Dejavu {shown(service['version'] or 'of an unknown version')}")
    if "withheld" in service:
        _line("", f"[yellow]{shown(service['withheld'])}[/yellow]")
    if "identity" in service:
        _line("", _identity(service["identity"]))
    for name, counts in service.get("caches", {}).items():
        entries = counts.get("entries", "?") if isinstance(counts, dict) else "?"
        _line("", f"{shown(name)}: {shown(entries)} entries")
    unsupported = f"[red]not supported, so nothing is shared[/red]: {shown(client.get('error'))}"
    version = f"dejavu-flyte {client['version']}, Flyte {client['flyte']}"
    _line("Client", f"{version} {unsupported if 'error' in client else 'supported'}")
    _line("Scope", shown(scope["team"]))
    if "not_shared" in scope:
        _line("", f"[yellow]never shared[/yellow]: {shown(scope['not_shared'])}")
    _console.print("This machine")
    for kind in KINDS:
        _line("", _savings(kind.collection, machine[kind.collection]))
    if "error" in machine["journal"]:
        _line("", f"[red]the journal cannot be used[/red]: {shown(machine['journal']['error'])}")
    for reason in found["off"]:
        _line("Off", shown(reason))


def _identity(identity: Document) -> str:
    grants = [
        f"{text} {as_text(identity[name])}"
        for name, text in {
            "scopes": "scopes",
            "repositories": "repositories",
            "write_scopes": "writes scopes",
            "write_repositories": "writes repositories",
        }.items()
        if identity.get(name)
    ]
    overlay = [f"overlay {identity['overlay']}"] if identity.get("overlay") else []
    until = [f"until {identity['expires_at']}"] if identity.get("expires_at") else []
    role = f"role {identity.get('role')}"
    return shown(", ".join([identity.get("name") or "without a token", role, *overlay, *grants, *until]))


def _savings(collection: str, counts: Document) -> str:
    each, measured = counts["seconds_each"], counts["measured"]
    source = f"{each:.1f} s each, " + (f"measured {measured} times" if measured else "assumed")
    saved = f"about {counts['seconds_saved']:.1f} s saved ({source})" if each else "no work measured yet"
    return (
        f"{collection}: {counts['hits']} hits, {counts['misses']} misses, "
        f"{counts['shared']} shared with the team; {saved}"
    )


def show_push(found: Document) -> None:
    """Print what `push` did."""
    _show_moved(found, "shared with the team")


def show_pull(found: Document) -> None:
    """Print what `pull` did."""
    _show_moved(found, "written into the local cache")


def _show_moved(found: Document, moved: str) -> None:
    for kind in KINDS:
        report = found[kind.collection]
        _console.print(f"{report['moved']} {kind.collection} {moved}")
        for skipped in sorted(report["skipped"][:_REASONS], key=lambda s: str(s["reason"])):
            _console.print(f"  {skipped['n']} skipped: {shown(skipped['reason'])}")
        if more := sum(skipped["n"] for skipped in report["skipped"][_REASONS:]):
            _console.print(f"  {more} skipped for other reasons")


def show_explain(found: Document) -> None:
    """Print what `explain` found."""
    for uri in found["never_looked_up"]:
        _console.print(f"Image [bold]{shown(uri)}[/bold] is never looked up: Flyte uses it as it is\n")
    for entry in found["entries"]:
        _show_entry(entry)
    for file in found.get("files", []):
        _console.print(f"  {shown(file)}")


def _show_entry(entry: Document) -> None:
    if entry["kind"] == "image":
        _console.print(f"Image [bold]{shown(entry['image'])}[/bold]")
    else:
        ruff = {True: ", listed with ruff", False: ", listed without ruff"}.get(entry["ruff"], "")
        made = f"copy style {entry['copy_style']}, root {shown(entry['root_dir'])}, Python {entry['python']}{ruff}"
        _console.print(f"Bundle of {entry['files']} files, {made}")
    for name, part in [*entry["parts"].items(), ("key", entry["key"])]:
        _console.print(f"  {name:<12}  {shown(as_text(part))}")
    values = shown(", ".join(entry.get("value", {}).values()))
    reason = shown(entry.get("reason", ""))
    outcomes = {
        "hit": f"[green]hit[/green]: the team has {values}",
        "not used": f"[red]miss[/red]: the team has {values}, which is not used: {reason}",
        "never shared": f"[yellow]never shared[/yellow]: {reason}",
        "miss": "[yellow]miss[/yellow]: the team does not have it",
    }
    _console.print(f"  {outcomes[entry['outcome']]}")
    if "text" in entry:
        _console.print(f"  {shown(entry['text'])}")
    _show_nearest(entry)
    for cause in entry.get("causes", []):
        _console.print(f"  {shown(cause)}")
    _console.print()


def _show_nearest(entry: Document) -> None:
    for near in entry.get("nearest", []):
        others = " and ".join(f"{name} [bold]{shown(as_text(part))}[/bold]" for name, part in near["differs"].items())
        hint = f" ({shown(near['hint'])})" if near["hint"] else ""
        _console.print(f"  the team has it with {others}{hint}")


def show_forget(found: Document) -> None:
    """Print what `forget` did."""
    done = "would be deleted" if found["dry_run"] else "deleted"
    for entry in found["entries"]:
        _console.print(f"{entry['kind'].capitalize()} [bold]{shown(entry['name'])}[/bold]")
        for name in ("team", "machine"):
            place = "the team" if name == "team" else "this machine"
            how = "taken back; its registry may confirm it again" if name == "team" and entry["taken_back"] else done
            if name == "team" and entry["refused"]:
                how = f"stays: {shown(entry['refused'])}"
            _console.print(f"  {place}: {how if entry[name] else 'was not there'}")
        _show_nearest(entry)
