"""What both kinds of keys have in common."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

Value = dict[str, str]
"""The value of a key: `image_uri`, or `hash_digest` and `remote_path`."""

Members = dict[str, Any]
"""Members of an entry as in its JSON: those of its value, and optional ones."""


@dataclass(frozen=True)
class FlyteCache:
    """Where Flyte keeps one kind of key on this machine: private functions of a module, and a table.

    `arguments` are those of `read`; `write` takes them too, and then the members of the value. Flyte calls `write` from
    `check` when it found an image, and from other functions after a build; without a `check` there are no builds.
    """

    module: str
    read: str
    write: str
    arguments: tuple[str, ...]
    check: str | None
    ttl_days: str
    table: str
    key_column: str


def are_texts(parts: list[object]) -> bool:
    """Whether all parts are texts that can be shown."""
    return all(isinstance(part, str) and part.isprintable() for part in parts)


def sha256(text: str) -> str:
    """Return 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()
