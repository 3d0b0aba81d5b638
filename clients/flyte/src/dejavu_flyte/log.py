"""What a run is told: lines in the log of Flyte."""

from __future__ import annotations

import contextlib
import logging

_logger = logging.getLogger("flyte.dejavu")


def warn(message: str, *values: object) -> None:
    """Say what a person should see."""
    _log(logging.WARNING, message, *values)


def info(message: str, *values: object) -> None:
    """Say what a person may want to know."""
    _log(logging.INFO, message, *values)


def debug(message: str, *values: object) -> None:
    """Say what helps to find a defect."""
    _log(logging.DEBUG, message, *values)


def _log(level: int, message: str, *values: object) -> None:
    # Flyte's handler reads square brackets as markup, and raises when they are none.
    with contextlib.suppress(Exception):
        _logger.log(level, message, *values, extra={"markup": False}, stacklevel=3)
