"""Where the token for the service comes from, and when it is fetched again."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from dejavu_flyte.connection import Connection, ServiceError
from dejavu_flyte.reach import is_loopback
from dejavu_flyte.settings import SettingError, Settings, token

_MAX_FILE_BYTES = 64 * 1024
_FETCH_SECONDS = 5.0
# A token is fetched again a minute before it ends; a short one a fifth of its life before.
_MARGIN_SECONDS = 60.0
# For tokens that do not say when they end.
_ASSUMED_SECONDS = 240.0


class Credentials:
    """The token of `DEJAVU_TOKEN`, else of the file `DEJAVU_TOKEN_FILE`, else one that GitHub Actions gives a job.

    Raises:
        ServiceError: others could read the token or the password in `DEJAVU_URL` on its way
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._fetched = ""
        self._fetch_again_at = 0.0
        self.source = self._source()
        if self.source and not settings.is_private:
            raise ServiceError(f"{self.source} could be read on its way over http: use https, or set DEJAVU_INSECURE=1")
        # Nobody asked for it, so without TLS the calls go without it.
        if not self.source and settings.is_private and settings.is_own and all(_github()):
            self.source = f"GitHub's token for the audience {settings.token_audience}"

    def _source(self) -> str:
        if not self._settings.is_own:
            return ""
        if self._settings.token:
            return "DEJAVU_TOKEN"
        if self._settings.token_file:
            return "the token in DEJAVU_TOKEN_FILE"
        return "the password in DEJAVU_URL" if self._settings.user else ""

    @property
    def user(self) -> tuple[str, str] | None:
        """The user and the password in the URL, if there is no token."""
        return None if self._settings.token or self._settings.token_file else self._settings.user

    @property
    def withheld(self) -> str:
        """Why there is no token, although the user has one; empty if that is not so."""
        has_one = self._settings.token or self._settings.token_file or all(_github())
        if self._settings.is_own or not has_one:
            return ""
        return (
            f"no token is sent to {self._settings.public_url}, which {self._settings.origins['DEJAVU_URL']} names: set "
            "DEJAVU_URL too, or dejavu.url in ~/.flyte/config.yaml"
        )

    def token(self) -> str | None:
        """Return the token; None: there is none.

        Raises:
            ServiceError: it cannot be read or fetched
        """
        if not self.source:
            return None
        if self._settings.token or self.user:
            return self._settings.token
        if self._settings.token_file:
            return self._read(Path(self._settings.token_file))
        with self._lock:
            if time.monotonic() >= self._fetch_again_at:
                self._fetch()
            return self._fetched

    def renewed(self, refused: str | None) -> str | None:
        """Return a token in place of one that the service did not accept; None: there is no other.

        Raises:
            ServiceError: it cannot be read or fetched
        """
        with self._lock:
            if refused is not None and refused == self._fetched:
                self._fetch_again_at = 0.0
        current = self.token()
        return current if current != refused else None

    @staticmethod
    def _read(file: Path) -> str:
        try:
            with file.open("rb") as stream:
                text = stream.read(_MAX_FILE_BYTES).decode().strip()
            found = token(text, "The token in DEJAVU_TOKEN_FILE")
        except (OSError, ValueError) as e:
            said = e if isinstance(e, SettingError) else f"DEJAVU_TOKEN_FILE cannot be read: {file}"
            raise ServiceError(str(said)) from None
        if not found:
            raise ServiceError(f"DEJAVU_TOKEN_FILE is empty: {file}")
        return found

    def _fetch(self) -> None:
        url, secret = _github()
        parts = urlsplit(url)
        server = f"{parts.scheme}://{parts.hostname}"
        if parts.scheme != "https" and not (is_loopback(parts.hostname or "") or self._settings.insecure):
            raise ServiceError(f"ACTIONS_ID_TOKEN_REQUEST_TOKEN could be read on its way over http to {server}")
        separator = "&" if parts.query else "?"
        address = url + separator + urlencode({"audience": self._settings.token_audience})
        begin = time.monotonic()
        try:
            connection = Connection(f"{parts.scheme}://{parts.netloc}", _FETCH_SECONDS)
            try:
                response = connection.call(
                    "GET", address, headers={"Authorization": f"Bearer {secret}"}, within=_FETCH_SECONDS
                )
            finally:
                connection.close()
            value = response.content.get("value") if isinstance(response.content, dict) else None
            fetched = token(value, "it") if response.status == 200 and isinstance(value, str) else None
        except (ServiceError, ValueError) as e:
            raise ServiceError(f"GitHub gives no token at {server}: {e}") from None
        if not fetched:
            raise ServiceError(f"GitHub gives no token at {server}: it answers {response.status}")
        self._fetched = fetched
        self._fetch_again_at = begin + _keep_seconds(fetched)


def _github() -> tuple[str, str]:
    """Return the address and the secret with which a job asks GitHub for a token."""
    names = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    url, secret = (os.environ.get(name, "").strip() for name in names)
    return url, secret


def _keep_seconds(fetched: str) -> float:
    """Return how long to use a token that was just made, by its own clock: that of this machine may be wrong."""
    claims = _claims(fetched)
    end, begin = claims.get("exp"), claims.get("iat", time.time())
    if not isinstance(end, int | float) or not isinstance(begin, int | float):
        return _ASSUMED_SECONDS
    seconds = end - begin
    return max(seconds - min(_MARGIN_SECONDS, seconds / 5), 1.0)


def _claims(fetched: str) -> dict[str, Any]:
    """Return what a token says of itself; its signature is the service's business."""
    try:
        payload = fetched.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
