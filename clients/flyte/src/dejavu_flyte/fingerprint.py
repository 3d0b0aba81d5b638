"""What an archive of Flyte's holds: the digest of its files leaves out modes, links, slashes and where a file ends."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO

_VERSION = "v1"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Listing:
    """The files that Flyte is about to archive, and the digest that it made of them."""

    digest: str
    source: str
    files: tuple[str, ...]
    dereference: bool

    def fingerprint(self) -> str | None:
        """Return the fingerprint of the archive that Flyte would make now; None: it could not make one."""
        try:
            with tarfile.open(fileobj=io.BytesIO(), mode="w", dereference=self.dereference) as tar:
                return _fingerprint(self._members(tar))
        except (OSError, ValueError):
            return None

    def _members(self, tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
        # As Flyte's create_bundle and the `add` of tarfile that it calls.
        root = os.path.abspath(self.source)  # noqa: PTH100  (Path.resolve would follow links)
        for file in self.files:
            name = PurePath(os.path.relpath(os.path.abspath(file), root)).as_posix()  # noqa: PTH100
            if name.startswith(".."):
                continue
            path = Path(self.source, file)
            try:
                member = tar.gettarinfo(str(path), name)
            except FileNotFoundError:
                continue
            if member is None:  # a socket
                continue
            if member.isreg():
                with path.open("rb") as content:
                    yield member, content
            else:
                yield member, None


@dataclass(frozen=True)
class Archive:
    """An archive, the digest of its files, and when Flyte began to make it, by the monotonic clock."""

    digest: str
    path: Path
    begin: float


listing: ContextVar[Listing | None] = ContextVar("listing", default=None)
"""The last one that Flyte made in this task: it asks for the digest, archives and uploads right after."""
archive: ContextVar[Archive | None] = ContextVar("archive", default=None)
"""The last one that Flyte made in this task; it deletes the file after the upload."""


def of_archive(path: Path) -> str | None:
    """Return the fingerprint of an archive; None: it cannot be read."""
    try:
        with tarfile.open(path, "r:gz") as tar:
            return _fingerprint((member, tar.extractfile(member) if member.isreg() else None) for member in tar)
    except (OSError, tarfile.TarError, EOFError):
        return None


def _fingerprint(members: Iterable[tuple[tarfile.TarInfo, IO[bytes] | None]]) -> str:
    whole = hashlib.sha256()
    for member, content in members:
        described = [
            member.name,
            member.type.decode("latin-1"),
            member.mode & 0o7777,
            member.size,
            member.linkname,
            _sha256(content, member.size) if content else "",
        ]
        whole.update(json.dumps(described).encode() + b"\n")
    return f"{_VERSION}:{whole.hexdigest()}"


def _sha256(content: IO[bytes], size: int) -> str:
    """Hash as much as a header says: a file may grow meanwhile.

    Raises:
        OSError: it is shorter
    """
    digest = hashlib.sha256()
    while size and (chunk := content.read(min(size, _CHUNK))):
        digest.update(chunk)
        size -= len(chunk)
    if size:
        raise OSError("it became shorter")
    return digest.hexdigest()
