"""Messages of the client, in Flyte's log, and text that is safe to print."""

from __future__ import annotations

import contextlib
import logging
import sys

from dejavu_flyte import summary

_logger = logging.getLogger("flyte.dejavu")


def warn(message: str, *values: object) -> None:
    """Log what a person should see."""
    _log(logging.WARNING, message, *values)


def info(message: str, *values: object) -> None:
    """Log what a person may want to know."""
    _log(logging.INFO, message, *values)


def debug(message: str, *values: object) -> None:
    """Log what helps to find a defect."""
    _log(logging.DEBUG, message, *values)


def is_shown() -> bool:
    """Whether somebody wants to see warnings."""
    return _logger.isEnabledFor(logging.WARNING)


def say(line: str) -> None:
    """Print a line on stderr, unless somebody wants to see less than warnings."""
    with contextlib.suppress(Exception):
        if is_shown():
            sys.stderr.write(f"{printable(line)}\n")


def _log(level: int, message: str, *values: object) -> None:
    # Flyte's handler parses square brackets as markup, and raises if they are not.
    with contextlib.suppress(Exception):
        if level >= logging.WARNING:
            summary.warned(printable(message % values))
        if _logger.isEnabledFor(level):
            _logger.log(level, "%s", printable(message % values), extra={"markup": False}, stacklevel=3)


def printable(text: object) -> str:
    """Return a text with everything escaped that could control a terminal or reorder what it shows."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))
