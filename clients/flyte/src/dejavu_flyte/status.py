"""What `flyte team-cache status` says."""

from __future__ import annotations

import contextlib
from typing import Any

from dejavu_flyte import __version__, scopes, support
from dejavu_flyte.connection import ServiceError
from dejavu_flyte.journal import HIT, MISS, SHARED, WORK, Journal
from dejavu_flyte.keys import KINDS, Key
from dejavu_flyte.service import Service
from dejavu_flyte.settings import Settings

Document = dict[str, Any]


def document(settings: Settings, timeout: float, scope: str, journal: Journal) -> Document:
    """Return the state of all parts; `off` are the reasons why nothing is shared, or not in this scope."""
    found: Document = {
        "service": _service(settings, timeout),
        "client": _client(),
        "settings": settings.origins,
        "scope": _scope(scope, settings),
        "machine": _machine(journal),
    }
    off = [
        ("service", "error", "the service does not work"),
        ("client", "error", "this version of Flyte is not supported"),
        ("scope", "not_shared", "this scope is not shared"),
    ]
    found["off"] = [f"{text}: {found[part][name]}" for part, name, text in off if name in found[part]]
    if settings.skip:
        found["off"].append("DEJAVU_SKIP is set, so nothing is read from the team")
    return found


def _service(settings: Settings, timeout: float) -> Document:
    found: Document = {"url": settings.public_url, "url_from": settings.origins.get("DEJAVU_URL")}
    try:
        with contextlib.closing(Service(settings, timeout)) as service:
            if withheld := service.withheld:
                found["withheld"] = withheld
            found["version"] = service.version() or None
            if identity := service.identity():
                found["identity"] = identity
            found["caches"] = service.stats()
    except ServiceError as e:
        found["error"] = str(e)
    return found


def _client() -> Document:
    found: Document = {"version": __version__, "flyte": support.flyte_version()}
    try:
        support.check()
    except support.UnsupportedFlyteError as e:
        found["error"] = str(e)
    return found


def _scope(scope: str, settings: Settings) -> Document:
    found: Document = {"local": scope, "team": scopes.normalised(scope)}
    if reason := scopes.why_not_shared(scope, settings.allowed.share):
        found["not_shared"] = reason
    return found


def _machine(journal: Journal) -> Document:
    found: Document = {"journal": {"path": journal.path}}
    if problem := journal.problem():
        found["journal"]["error"] = problem
    return found | {kind.collection: _savings(journal, kind) for kind in KINDS}


def _savings(journal: Journal, kind: type[Key]) -> Document:
    hits, misses, shared, work = (journal.tally(kind, event) for event in (HIT, MISS, SHARED, WORK))
    each = journal.work_seconds(kind)
    return {
        "hits": hits.n,
        "misses": misses.n,
        "shared": shared.n,
        "measured": work.n,
        "seconds_each": round(each, 3),
        "seconds_saved": round(hits.n * each, 3),
    }
