"""What the team has for a key, and how long ago that was verified."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from dejavu_flyte.key import Value
from dejavu_flyte.keys import Key

_MAX_COST = 86400.0


@dataclass(frozen=True)
class Found:
    """The value of an entry, and what else the entry says.

    `age` is in seconds since the entry was verified, by the clock of the service; None: nobody says so. `fingerprint`
    is that of a bundle's archive, `build_run` the run of a remote builder that made an image, `cost` the seconds that
    finding it out took somebody, which a hit spares.
    """

    value: Value
    age: float | None = None
    fingerprint: str | None = None
    build_run: str | None = None
    cost: float | None = None

    @classmethod
    def of(cls, kind: type[Key], entry: dict[str, Any], now: float) -> Found:
        """Read an entry; `now` is the time of the service."""
        verified = entry.get("verified_at") or (None if "verified_by" in entry else entry.get("created_at"))
        at = seconds(verified)
        return cls(
            {member: entry[member] for member in kind.members},
            max(now - at, 0) if at is not None else None,
            _text(entry.get("fingerprint")),
            _text(entry.get("build_run")),
            _cost(entry.get("cost")),
        )

    def to_local(self, key: Key) -> Found:
        """Return the same with the value as Flyte spells it on this machine."""
        return replace(self, value=key.to_local(self.value))

    def why_not_believed(self, max_age: float) -> str | None:
        """Return the reason why it proves nothing, or None."""
        if self.age is None:
            return "nobody has verified it"
        if self.age > max_age:
            return f"it was verified {self.age / 3600:.1f} hours ago, which DEJAVU_MAX_AGE does not allow"
        return None

    def why_another_archive(self, fingerprint: str | None) -> str | None:
        """Return the reason why it is not the archive that Flyte would make here, or None."""
        if self.fingerprint is None:
            return "nobody said which files, modes and links its archive has"
        if not self.fingerprint.endswith(bound("", self.value)):
            return "its fingerprint is that of another archive"
        is_same = fingerprint is not None and self.fingerprint == bound(fingerprint, self.value)
        return None if is_same else "its archive has other files, modes or links"


def bound(fingerprint: str, value: Value) -> str:
    """Return a fingerprint as the team and the journal keep it: with the digest of the one archive that it is of.

    An older service that stores another archive keeps the fingerprint beside it.
    """
    return f"{fingerprint}:{value['hash_digest']}"


def seconds(instant: object) -> float | None:
    """Return an instant of the service as seconds since 1970; None if it is none."""
    with contextlib.suppress(ValueError):
        if isinstance(instant, str):
            return datetime.fromisoformat(instant.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp()
    return None


def _cost(member: object) -> float | None:
    given: Any = member.get("seconds") if isinstance(member, dict) else None
    return float(given) if type(given) in (int, float) and 0 <= given <= _MAX_COST else None


def _text(member: object) -> str | None:
    return member if isinstance(member, str) and member else None
