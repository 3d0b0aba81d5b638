"""The link from an image to the run of the remote builder that made it, which Flyte stamps on tasks."""

from __future__ import annotations

import re
import sys
from typing import Any

from dejavu_flyte import scopes
from dejavu_flyte.image import ImageKey

_MEMBERS = ("org", "project", "domain", "name")
_LINK = re.compile(r"([\w.-]*)/([\w.-]+)/([\w.-]+)/([\w.-]+)", re.ASCII)


def are_recorded() -> bool:
    """Whether this Flyte records them: versions before 2.12 do not."""
    return hasattr(_engine(), "record_image_build_run") and hasattr(_engine(), "RunIdentifierData")


def of(image_uri: str) -> str | None:
    """Return the link that Flyte recorded for an image in this process, as `org/project/domain/name`, or None."""
    run = run_of(image_uri)
    link = "/".join(str(getattr(run, member)) for member in _MEMBERS) if run else ""
    return link if _LINK.fullmatch(link) else None


def run_of(image_uri: str) -> Any:
    """Return what Flyte recorded for an image in this process, or None."""
    return _engine().get_image_build_run(image_uri) if are_recorded() else None


def record(image_uri: str, link: str) -> None:
    """Record a link, as Flyte does when its backend says that it has an image."""
    if (parts := _LINK.fullmatch(link)) and are_recorded():
        run = _engine().RunIdentifierData(**dict(zip(_MEMBERS, parts.groups(), strict=True)))
        _engine().record_image_build_run(image_uri, run)


def record_built(built: Any) -> None:
    """Record the link of what a remote builder returns, which Flyte does not."""
    if are_recorded() and getattr(built, "uri", None) and getattr(built, "build_run", None):
        _engine().record_image_build_run(built.uri, built.build_run)


def is_believed(link: str | None, scope: str) -> bool:
    """Whether a link leads to a run in the project and domain of a scope, where the remote builder runs."""
    parts = _LINK.fullmatch(link or "")
    return parts is not None and (parts[2], parts[3]) == scopes.parts(scope)[1:]


def _engine() -> Any:
    return sys.modules[ImageKey.flyte.module]
