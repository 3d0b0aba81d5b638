"""Why the team does not have a key: the entries that differ from it in one part, and what else may differ."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from dejavu_flyte import hub, scopes
from dejavu_flyte.explain import Bundle, Named
from dejavu_flyte.found import Found
from dejavu_flyte.keys import BundleKey, ImageKey, Key, why_not_used
from dejavu_flyte.service import Entry, Service
from dejavu_flyte.settings import Settings

_NEAREST = 20
# Of those of a scope, or of all: the newest ones, on two pages.
_SEARCHED = 1000
_NOTHING_LIKE_IT = "never-seen"

Document = dict[str, Any]


def document(service: Service, settings: Settings, named: Named, *, list_files: bool) -> Document:
    """Return each key with its parts, its outcome, and for a miss the nearest entries and possible causes."""
    entries = [{"kind": "image", "image": key.local_uri, **_entry(service, settings, key)} for key in named.images]
    found: Document = {"entries": entries, "never_looked_up": named.others}
    if bundle := named.bundle:
        made = {"files": len(bundle.files), "root_dir": str(bundle.root), "copy_style": bundle.copy_style}
        made |= {"ruff": bundle.ruff, "python": bundle.python}
        entry = {"kind": "bundle", **made, **_entry(service, settings, bundle.key, bundle.fingerprint())}
        if entry["outcome"] == "miss":
            entry["causes"] = of_bundle(service, bundle)
        entries.append(entry)
        if list_files:
            found["files"] = [str(file) for file in bundle.files]
    return found


def _entry(service: Service, settings: Settings, key: Key, fingerprint: str | None = None) -> Document:
    entry: Document = {"parts": key.parts(), "key": key.hash}
    if reason := key.why_not_shared(settings.allowed):
        return entry | {"outcome": "never shared", "reason": reason}
    explained = service.explain(key)
    found = explained[0] if explained else service.find(key)
    if found is None:
        return entry | {"outcome": "miss", **_why(service, key, explained)}
    reason = why_not_used(key, found.value, settings.allowed) or found.why_not_believed(settings.max_age)
    if not reason and isinstance(key, BundleKey):
        reason = found.why_another_archive(fingerprint)
    if reason:
        return entry | {"outcome": "not used", "value": found.value, "reason": reason}
    return entry | {"outcome": "hit", "value": found.value}


def nearest(service: Service, key: Key) -> list[Document]:
    """Return what the entries have in place of the parts of the key that `differs`, and a `hint` at the reason."""
    found: list[Document] = _why(service, key, service.explain(key))["nearest"]
    return found


def _why(service: Service, key: Key, explained: tuple[Found | None, Document] | None) -> Document:
    """Return the `nearest` entries, and the `cause`, the `text` and the last `event` of a service that tells them."""
    told = explained[1] if explained else {}
    others = [differs for near in _list(told.get("nearest")) if (differs := _told(near))]
    nearest = [{"differs": differs, "hint": _hint(key, differs)} for differs in others]
    if not nearest and told.get("cause", _NOTHING_LIKE_IT) == _NOTHING_LIKE_IT:
        nearest = _searched(service, key)  # also what the service does not look for, as other registries
        told = {} if nearest else told
    found: Document = {"nearest": nearest}
    found |= {name: told[name] for name in ("cause", "text") if isinstance(told.get(name), str)}
    return found | ({"event": told["event"]} if isinstance(told.get("event"), dict) else {})


def _told(near: object) -> Document:
    differs = _list(near.get("differs")) if isinstance(near, dict) else []
    parts = {str(d["part"]): d.get("theirs") or "none" for d in differs if isinstance(d, dict) and "part" in d}
    return {
        name: part.split(",") if name == "platforms" and isinstance(part, str) else part for name, part in parts.items()
    }


def _list(found: object) -> list[Any]:
    return found[:_NEAREST] if isinstance(found, list) else []


def _searched(service: Service, key: Key) -> list[Document]:
    found = itertools.islice(_candidates(service, key), _NEAREST)
    return [{"differs": differs, "hint": _hint(key, differs)} for entry in found if (differs := _differs(key, entry))]


def _candidates(service: Service, key: Key) -> Iterator[Entry]:
    if isinstance(key, BundleKey):
        everywhere = itertools.islice(service.entries(BundleKey), _SEARCHED)
        yield from (entry for entry in everywhere if entry.get("files_digest") == key.files_digest)
        return
    there = list(itertools.islice(service.entries(ImageKey, image_uri=key.uri), _NEAREST))
    yield from there
    if there:
        return
    scope = scopes.normalised(key.scope)
    for entry in itertools.islice(service.entries(ImageKey, scope=scope), _SEARCHED):
        repository, tag = str(entry.get("repository", "")), entry.get("tag")
        if repository == key.team_repository or (tag == key.tag and _is_alike(repository, key.team_repository)):
            yield entry


def _is_alike(repository: str, other: str) -> bool:
    return repository.rpartition("/")[2].lower() == other.rpartition("/")[2].lower()


def _differs(key: Key, entry: Entry) -> Document:
    return {
        name: entry[name]
        for name, part in key.parts().items()
        if name in entry and as_text(entry[name]) != as_text(part)
    }


def _hint(key: Key, differs: Document) -> str | None:
    """Return in words how a part is another one."""
    hints = []
    if "scope" in differs:
        other = str(differs["scope"])
        if scopes.normalised(other) == scopes.normalised(key.scope):
            hints.append("an older client spelled the scope like that")
        else:
            names = zip(("endpoint", "project", "domain"), scopes.parts(other), scopes.parts(key.scope), strict=True)
            hints.append(f"another {' and '.join(name for name, a, b in names if a != b)}")
    if "repository" in differs and isinstance(key, ImageKey):
        other = str(differs["repository"])
        if other.lower() == key.team_repository.lower():
            hints.append("a registry tells upper from lower case")
        elif hub.spelled_out(other) == key.team_repository:
            hints.append("an older client used the short name of Docker Hub")
        else:
            hints.append("another registry or path")
    if "repository-spelling" in differs:
        hints.append("another spelling of the same repository")
    if "platforms" in differs:
        hints.append("name platforms with --platform")
    return "; ".join(hints) or None


def of_bundle(service: Service, bundle: Bundle) -> list[str]:
    """Return why the bundle may be another one on the machines of the team: what is certain, else what is possible."""
    others = bundle.others()
    there = service.lookup(BundleKey, [key.hash for key in others.values()]) if others else {}
    causes = [f"the team has these files {how}" for how, key in others.items() if key.hash in there]
    if not causes and bundle.copy_style == "loaded_modules":
        if bundle.ruff is not None:
            causes.append(
                f"perhaps ruff: Flyte lists files {'with' if bundle.ruff else 'without'} it here, and others elsewhere"
            )
        causes.append(f"perhaps Python: the modules that {bundle.python} loads may be others in another version")
    return causes


def as_text(part: object) -> str:
    """Return a part of a key, a list of platforms with commas between."""
    return ", ".join(sorted(map(str, part))) if isinstance(part, Iterable) and not isinstance(part, str) else str(part)
