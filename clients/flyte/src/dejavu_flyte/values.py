"""Which values follow from a key, so that no one can put another image or another archive in their place."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from dejavu_flyte import scopes

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}")
_MD5 = re.compile(r"[0-9a-f]{32}")
# Other programs may take these for a way up.
_ODD_SEGMENT = re.compile(r"/\.{0,2}(/|$)|\\|%2e|%2f|%5c", re.IGNORECASE)
# Azure's container stands where others have a user.
_SECRET = re.compile(r"[?#]|^(?!abfss?:)[^/]*//[^/]*@|//[^/]*:[^/]*@")


@dataclass(frozen=True)
class Allowed:
    """What may be shared, and what a value may be in addition to what its key says.

    `image_prefixes` are the registries, perhaps with a path, under which a remote builder publishes; None: any.
    `bundle_paths` are the beginnings of a remote path; each ends in a slash. `share` are the backends of the team, as
    in `scopes.why_not_shared`.
    """

    image_prefixes: tuple[str, ...] | None = ()
    bundle_paths: tuple[str, ...] = ("s3://", "gs://", "abfs://", "abfss://")
    share: tuple[str, ...] = ()

    @property
    def own(self) -> Allowed:
        """What Flyte on this machine may write: it knows where its builder publishes."""
        return replace(self, image_prefixes=None)


def image_mismatch(uri: str, expected: str, allowed: Allowed) -> str | None:
    """Return the reason why a URI is not that of an image `repository:tag`, or None."""
    if not uri.isprintable():
        return "it has characters that cannot be shown"
    tagged, at, _ = uri.partition("@")
    if at and not _DIGEST.fullmatch(uri, len(tagged)):
        return "its digest is not a SHA-256"
    if tagged == expected:
        return None
    prefix = tagged.removesuffix(f"/{expected}")
    if prefix == tagged:
        return f"its key says {expected}"
    if allowed.image_prefixes is None or prefix in allowed.image_prefixes:
        return None
    return f"its key says {expected}, and DEJAVU_IMAGE_PREFIXES does not name {prefix}"


def bundle_mismatch(hash_digest: str, remote_path: str, scope: str, files_digest: str, allowed: Allowed) -> str | None:
    """Return the reason why Flyte would not have uploaded the files there, or None.

    Flyte names the archive after the digest of its files, and its backend puts that under the project and the domain.
    """
    rest = remote_path.partition("://")[2]
    bucket, _, path = rest.partition("/")
    _, project, domain = scopes.parts(scope)
    checks = {
        "it has characters that cannot be shown": remote_path.isprintable(),
        "its hash_digest is not an MD5": _MD5.fullmatch(hash_digest),
        f"it is not under {', '.join(allowed.bundle_paths)}": remote_path.startswith(allowed.bundle_paths),
        "it has a password, a query or a fragment": not _SECRET.search(remote_path),
        "it has empty or dot segments": bucket and not _ODD_SEGMENT.search(f"/{path}"),
        f"it is not under /{project}/{domain}/": not (project and domain) or f"/{project}/{domain}/" in f"/{path}",
        f"its file is not named after {files_digest}": files_digest in path.rpartition("/")[2],
    }
    return next((reason for reason, passed in checks.items() if not passed), None)
