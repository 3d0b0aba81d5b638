"""`flyte team-cache`, of which nothing is imported before it is used: Flyte 2.3.8 loads all plugins at each command."""

from __future__ import annotations

import importlib

import rich_click as click


class TeamCache(click.RichGroup):
    """Imports its commands when it is asked for one of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        _import_commands()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command."""
        _import_commands()
        return super().get_command(ctx, cmd_name)


@click.group("team-cache", cls=TeamCache)
def team_cache() -> None:
    """Share image checks and code bundles with the team (DEJAVU_URL, DEJAVU_TOKEN)."""


def _import_commands() -> None:
    importlib.import_module("dejavu_flyte.commands")
