"""What the client does in this process: nothing is read, imported or started before Flyte asks its first question."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from dejavu_flyte import log

if TYPE_CHECKING:
    from dejavu_flyte.sharing import Sharing

R = TypeVar("R")

_lock = threading.Lock()
_sharing: Sharing | None = None
_given_up = False
_is_command = False


def _renew_lock() -> None:
    """Forget who holds the lock: in the child of a fork, that thread of its parent does not exist."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def sharing() -> Sharing | None:
    """Return what shares the caches, from the settings as they are at the first call; None: nothing is shared."""
    global _sharing  # noqa: PLW0603
    with _lock:
        if _sharing is None and not _given_up:
            _sharing = _begin()
        return None if _given_up else _sharing


def warm_up() -> None:
    """Connect in the background: Flyte has imported what asks questions."""
    from dejavu_flyte import support  # noqa: PLC0415

    if _is_command:
        return
    scope = support.scope()  # fails before Flyte is initialized
    if current := sharing():
        current.warm_up(scope)


def begin_command() -> None:
    """Warm nothing up in this process: it runs a command of this package."""
    global _is_command  # noqa: PLW0603
    _is_command = True


def give_up(message: str, *values: object) -> None:
    """Share nothing in this process, and say why once."""
    if not _given_up:
        _give_up()
        log.warn(message, *values)


def _give_up() -> None:
    global _given_up  # noqa: PLW0603
    _given_up = True


def has_given_up() -> bool:
    """Whether nothing is shared in this process."""
    return _given_up


def unless_it_fails(share: Callable[[], R], otherwise: R) -> R:
    """Return what `share` returns; a defect of the client must not fail the run."""
    try:
        return share()
    except Exception as e:  # noqa: BLE001
        log.debug("The team cache failed: %s", e)
        return otherwise


def _begin() -> Sharing | None:
    from dejavu_flyte.settings import NoUrlError, SettingError  # noqa: PLC0415

    try:
        return _from_settings()
    except NoUrlError:
        _give_up()
    except SettingError as e:
        give_up("The team cache is not used: %s.", e)
    except Exception as e:  # noqa: BLE001  (a defect of the client must not fail the run)
        give_up("The team cache is not used: %s: %s", type(e).__name__, " ".join(str(e).split()))
    return None


def _from_settings() -> Sharing:
    from dejavu_flyte import local  # noqa: PLC0415
    from dejavu_flyte.journal import Journal  # noqa: PLC0415
    from dejavu_flyte.settings import Settings  # noqa: PLC0415
    from dejavu_flyte.sharing import Sharing  # noqa: PLC0415
    from dejavu_flyte.team import Team  # noqa: PLC0415

    settings = Settings.load()
    return Sharing(Team(settings), Journal(local.journal_path), settings, local.Rows())
