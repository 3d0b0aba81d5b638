"""Takes entries back: the team's, and those of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dejavu_flyte.causes import nearest
from dejavu_flyte.journal import Journal
from dejavu_flyte.keys import BundleKey, ImageKey, Key
from dejavu_flyte.local import LocalCache
from dejavu_flyte.service import EntryRefused, Service, WriteForbidden
from dejavu_flyte.settings import Settings


@dataclass(frozen=True)
class Forget:
    """Deletes entries of the team, and then the rows of this machine with the notes about them."""

    service: Service
    settings: Settings
    cache: LocalCache
    journal: Journal
    dry_run: bool

    def forget(self, keys: list[Key]) -> list[dict[str, Any]]:
        """Return for each key whether the `team` and this `machine` had it, and what the team has in its place.

        `taken_back`: the team's entry is not deleted for good, since a registry may confirm the image again.
        `refused`: why the team's entry stays, as where the first write wins, or where an overlay has none of its own.

        Raises:
            ServiceError: the team's entries cannot be deleted; the rows of this machine stay then
            LocalError: the rows of this machine cannot be deleted
        """
        asked = [key for key in keys if not key.why_not_shared(self.settings.allowed)]
        shared = {
            kind: self.service.lookup(kind, [key.hash for key in asked if isinstance(key, kind)])
            for kind in {type(key) for key in asked}
        }
        found = [key.hash in shared.get(type(key), {}) for key in keys]
        had = [key for key, there in zip(keys, found, strict=True) if there]
        refused: dict[Key, str] = {}
        taken_back: set[Key] = set()
        for key in had:
            if not self.dry_run:
                try:
                    if not self._delete(key):
                        taken_back.add(key)
                except EntryRefused as e:
                    refused[key] = str(e)
        local = [self.cache.has(key) if self.dry_run else self._forget_here(key) for key in keys]
        return [
            {
                "kind": "image" if isinstance(key, ImageKey) else "bundle",
                "name": key.local_uri if isinstance(key, ImageKey) else key.files_digest,
                "parts": key.parts(),
                "key": key.hash,
                "team": team,
                "taken_back": key in taken_back,
                "refused": refused.get(key),
                "machine": here,
                "nearest": [] if team else nearest(self.service, key),
            }
            for key, team, here in zip(keys, found, local, strict=True)
        ]

    def _delete(self, key: Key) -> bool:
        """Remove the team's entry; False: it was only taken back, as a client may that is no administrator."""
        try:
            self.service.delete(key)
        except WriteForbidden:
            try:
                self.service.invalidate(key)
            except WriteForbidden as e:
                role = (self.service.identity() or {}).get("role", "")
                raise WriteForbidden(
                    f"taking entries back needs a token with the role write, and this one has "
                    f"{f'the role {role}' if role else 'not'}: {e}"
                ) from None
            return isinstance(key, BundleKey)
        return True

    def _forget_here(self, key: Key) -> bool:
        there = self.cache.remove(key)
        self.journal.clear_borrowed(key)
        return there
