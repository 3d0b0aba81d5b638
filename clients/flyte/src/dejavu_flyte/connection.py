"""HTTP to a Dejavu service, within a time and a size."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx

from dejavu_flyte import __version__
from dejavu_flyte.settings import Settings

_PROBLEM = "urn:dejavu:problem:"
_MAX_BYTES = 256 * 1024
# The service closes a connection after 20 idle seconds; reuse it only well before that.
_IDLE_SECONDS = 10.0


class ServiceError(Exception):
    """The service is unreachable, or did not answer as a Dejavu service does; the text says how."""


@dataclass(frozen=True)
class Response:
    """An answer; `content` is None if it is not JSON."""

    status: int
    content: Any
    media_type: str

    @property
    def problem(self) -> str:
        """The name of the problem if it is one of Dejavu's own, else empty."""
        kind = self.content.get("type", "") if isinstance(self.content, dict) else ""
        return kind.removeprefix(_PROBLEM) if isinstance(kind, str) and kind.startswith(_PROBLEM) else ""

    @property
    def detail(self) -> str:
        """The detail or title of the problem, on one line."""
        body = self.content if isinstance(self.content, dict) else {}
        return " ".join(str(body.get("detail") or body.get("title") or "").split())[:200]


class Connection:
    """One connection to the service; a call takes `timeout` seconds at most.

    Raises:
        ServiceError: it cannot be configured, or would expose the token
    """

    def __init__(self, settings: Settings, timeout: float) -> None:
        if settings.exposes_secret:
            secret = "DEJAVU_TOKEN" if settings.token else "the password in DEJAVU_URL"
            raise ServiceError(f"{secret} could be read on its way over http: use https, or set DEJAVU_INSECURE=1")
        self._timeout = timeout
        headers = {
            "User-Agent": f"dejavu-flyte/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # a compressed answer would be larger than what was read
        }
        if settings.token:
            headers["Authorization"] = f"Bearer {settings.token}"
        try:
            self._client = self._connect(settings, headers)
        except (OSError, ValueError) as e:  # invalid certificates or proxies in the environment
            raise ServiceError(f"the connection to it cannot be configured: {e}") from e

    def _connect(self, settings: Settings, headers: dict[str, str]) -> httpx.Client:
        return httpx.Client(
            base_url=settings.public_url + "/",
            headers=headers,
            auth=None if settings.token else settings.user,
            timeout=self._timeout,
            # Loading certificates takes 50 ms, so skip it without TLS.
            verify=settings.is_tls,
            limits=httpx.Limits(max_connections=1, keepalive_expiry=_IDLE_SECONDS),
            follow_redirects=False,  # the token would follow
            # A proxy would get the token of a service on this machine.
            trust_env=settings.is_tls or not settings.is_loopback,
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: dict[str, Any] | None = None,
        max_bytes: int = _MAX_BYTES,
    ) -> Response:
        """Send one request and return the answer, whatever its status.

        Raises:
            ServiceError: there is none, or it is too late or too large
        """
        deadline = time.monotonic() + self._timeout
        content = bytearray()
        try:
            with self._client.stream(method, path, json=body, params=query) as stream:
                for chunk in stream.iter_raw():
                    content += chunk
                    if time.monotonic() > deadline:
                        raise ServiceError(self._timed_out())  # httpx limits each read, not the whole response
                    if len(content) > max_bytes:
                        raise ServiceError("its answer is too large")
        except httpx.TimeoutException:
            raise ServiceError(self._timed_out()) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as e:
            raise ServiceError(f"it cannot be reached: {str(e) or type(e).__name__}") from e
        media_type = stream.headers.get("Content-Type", "").partition(";")[0]
        return Response(stream.status_code, _parsed(bytes(content), media_type), media_type)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _timed_out(self) -> str:
        return f"no answer within {self._timeout:g} s"


def _parsed(content: bytes, media_type: str) -> object:
    if not media_type.endswith("json"):
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
