"""Shares Flyte's image checks and code bundle uploads with a team, through a Dejavu service.

Nothing has to be called: Flyte finds `plug_in` by itself, and `DEJAVU_URL` switches it on.
From the outside in: `hook` puts itself around Flyte's cache functions, `sharing` decides what is asked and told,
`team` keeps the network out of the way, `service` speaks HTTP; `keys` says what may be shared at all, `local` and
`journal` are the files of this machine, `cli` is `flyte team-cache`.
"""

import os

__version__ = "0.1.0"


def plug_in() -> None:
    """Join the team's cache when `DEJAVU_URL` is set; Flyte calls this once per process."""
    if os.environ.get("DEJAVU_URL"):
        from dejavu_flyte.hook import install  # noqa: PLC0415  (without the variable nothing is imported)

        install()
