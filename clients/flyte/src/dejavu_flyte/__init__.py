"""Shares Flyte's image checks and code bundle uploads with a team, through a Dejavu service.

Flyte finds and calls `plug_in` by itself; `DEJAVU_URL`, or a URL in `files` at their `places`, switches it on.
From the outside in: `hook` wraps Flyte's modules when they are imported, with `caches` and `checkers`; `support` names
their functions, `run` is the state of a process. `sharing` decides what to look up, to believe and to send, with the
`fingerprint` of an archive and the `links` to builds. `team` bounds the time that a run may lose by `limits`, `worker`
is its thread, `service` knows the calls, `found` is what they find, `credentials` has the token, `connection` speaks
HTTP, with `watch` and `proxies`. `keys` are the keys of `image` and `bundle`, `values` what they may lead to, `scopes`
and `hub` the spelling of their parts, `reach` what only one machine can reach. `builds` wraps the builders: a `turn` is
to take a `lease` or to wait for it, with what `waits` shows and `interrupts` end, and a `renewal` keeps one of the
`leases` of this process. `local`, and `journal` with its `journal_file`, are the files of this machine, `usage` is the
line at the end of a run and `summary` the page of a CI job. `cli` is `flyte team-cache`, its `commands` are each a
`command`; `display` prints what `status`, `transfer`, `explain`, `causes` and `forget` find, and `build_once` runs a
command.
"""

import os

__version__ = "0.1.0"


def plug_in() -> None:
    """Join the team's cache when `DEJAVU_URL` or a file may name it; Flyte calls this once per process."""
    from dejavu_flyte import files  # noqa: PLC0415

    url = os.environ.get("DEJAVU_URL")
    if url or (url is None and files.exist()):
        from dejavu_flyte.hook import install  # noqa: PLC0415  (where nothing names a service, import nothing)

        install()
