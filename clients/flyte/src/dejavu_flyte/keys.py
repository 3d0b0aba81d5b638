"""Both kinds of keys."""

from __future__ import annotations

from dejavu_flyte.bundle import BundleKey
from dejavu_flyte.image import ImageKey
from dejavu_flyte.key import Members, Value
from dejavu_flyte.values import Allowed

__all__ = ["KINDS", "BundleKey", "ImageKey", "Key", "Members", "Value", "why_not_used"]

Key = ImageKey | BundleKey
KINDS: tuple[type[Key], ...] = (ImageKey, BundleKey)


def why_not_used(key: Key, value: Value, allowed: Allowed) -> str | None:
    """Return the reason neither to use nor to share this value of the team, or None."""
    return key.why_value_not_shared(value) or key.mismatch(value, allowed)
