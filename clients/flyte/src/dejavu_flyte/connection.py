"""HTTP to one server, within a time and a size."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dejavu_flyte import __version__
from dejavu_flyte.proxies import proxy_for
from dejavu_flyte.watch import CONNECT_SECONDS, Watch

if TYPE_CHECKING:
    import httpx  # takes 150 ms, so only who asks imports it

_PROBLEM = "urn:dejavu:problem:"
_MAX_BYTES = 256 * 1024
# The service closes a connection after 20 idle seconds; reuse it only well before that.
_IDLE_SECONDS = 10.0
# Each step of opening a connection for an answer that the service keeps back: who waits for it has something to do.
_CONNECT_TO_WAIT_SECONDS = 1.5
# What a proxy answers in place of a service that it cannot reach, or to whom it does not know.
_OF_PROXIES = {407, 502, 503, 504}


class ServiceError(Exception):
    """The service is unreachable, or did not answer as a Dejavu service does; the text says how."""


class Interrupted(ServiceError):
    """The answer is late, or the connection ended before it: another try may succeed."""


@dataclass(frozen=True)
class Response:
    """An answer; `content` is None if it is not JSON.

    `retry_after` is in seconds, `at` is the time of the service in seconds since 1970.
    """

    status: int
    content: Any
    media_type: str
    retry_after: float = 0.0
    at: float = 0.0

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
    """A connection to a server, kept between calls, through the proxy that the environment names.

    Each step of opening it (TCP, proxy, TLS) takes five seconds at most, and then the answer `timeout` seconds.

    Raises:
        ServiceError: it cannot be configured
    """

    def __init__(self, url: str, timeout: float, user: tuple[str, str] | None = None) -> None:
        self._timeout = timeout
        self._last_used: float | None = None
        self._watch: Watch | None = None
        self.connect_seconds = self.answer_seconds = 0.0  # of the last call that took them
        self._proxy = proxy_for(url)
        self._is_forwarded = self._proxy is not None and urlsplit(url).scheme == "http"
        try:
            self._client = self._configured(url, user)
        except ImportError:
            raise ServiceError(f"{self._proxy} needs a package: pip install 'httpx[socks]'") from None
        except Exception as e:
            if self._proxy and not isinstance(e, OSError):  # the message may contain its password
                raise ServiceError(f"{self._proxy} cannot be used: that is no address of a proxy") from None
            raise ServiceError(f"the connection to it cannot be configured: {e}") from e

    def _configured(self, url: str, user: tuple[str, str] | None) -> httpx.Client:
        import httpx  # noqa: PLC0415

        return httpx.Client(
            base_url=url.rstrip("/") + "/",
            headers={
                "User-Agent": f"dejavu-flyte/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",  # a compressed answer would be larger than what was read
            },
            auth=user,
            # Loading certificates takes 25 ms, so skip it without TLS.
            verify=httpx.create_ssl_context() if urlsplit(url).scheme == "https" else False,
            limits=httpx.Limits(keepalive_expiry=_IDLE_SECONDS),
            follow_redirects=False,  # the token would follow
            proxy=self._proxy.url if self._proxy else None,
            trust_env=False,  # httpx fails at networks in NO_PROXY
        )

    @property
    def is_open(self) -> bool:
        """Whether the next call need not open it."""
        return self._last_used is not None and time.monotonic() - self._last_used < _IDLE_SECONDS

    @property
    def is_sent(self) -> bool:
        """Whether it was open when the last call sent its request."""
        return self._watch is not None and self._watch.sent is not None

    @property
    def via(self) -> str:
        """Words that name the proxy on the way, if there is one."""
        return f" through {self._proxy}" if self._proxy else ""

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: object = None,
        query: dict[str, Any] | None = None,
        max_bytes: int = _MAX_BYTES,
        within: float | None = None,
        wait: float = 0.0,
    ) -> Response:
        """Send one request and return the answer, whatever its status.

        Args:
            method: of HTTP
            path: below the URL, or a URL
            headers: beside those of every call
            body: sent as JSON
            query: parameters
            max_bytes: of the answer
            within: seconds for opening and answer together, of a call beside the others
            wait: seconds for which the service keeps its answer back, beyond the timeout

        Raises:
            Interrupted: the answer is late, or the connection ended
            ServiceError: there is none, or it is too large
        """
        watch = Watch(self._timeout + wait, within, _CONNECT_TO_WAIT_SECONDS if wait else CONNECT_SECONDS)
        was_open = self.is_open
        if not within:
            self._watch, self._last_used = watch, None
        response = self._send(watch, max_bytes, method, path, headers=headers, json=body, params=query)
        self._last_used = time.monotonic()
        sent = watch.sent or watch.begin
        if not within:
            self.answer_seconds = self._last_used - sent
            self.connect_seconds = self.connect_seconds if was_open else sent - watch.begin
        return response

    def _send(self, watch: Watch, max_bytes: int, method: str, path: str, **content: Any) -> Response:
        import httpx  # noqa: PLC0415

        extensions = {"trace": watch.on_event, "timeout": watch.timeouts}
        body = bytearray()
        try:
            with self._client.stream(method, path, extensions=extensions, **content) as stream:
                for chunk in stream.iter_raw():
                    body += chunk
                    if watch.is_over:
                        raise httpx.ReadTimeout("")
                    if len(body) > max_bytes:
                        raise ServiceError("its answer is too large")
        except httpx.TimeoutException:
            if watch.sent is None:
                raise ServiceError(f"no connection{self.via} within {watch.connecting:g} s") from None
            raise Interrupted(f"no answer{self.via} within {watch.answering:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as e:
            kind = ServiceError if watch.sent is None else Interrupted
            raise kind(f"it cannot be reached{self.via}: {str(e) or type(e).__name__}") from e
        media_type = stream.headers.get("Content-Type", "").partition(";")[0]
        response = Response(
            stream.status_code,
            _parsed(bytes(body), media_type),
            media_type,
            _seconds(stream.headers.get("Retry-After")),
            time_of(stream.headers.get("Date")),
        )
        if self._is_forwarded and response.status in _OF_PROXIES and not response.problem:
            raise ServiceError(f"{self._proxy} answers {response.status} {stream.reason_phrase}".strip())
        return response

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def time_of(date: str | None) -> float:
    """Return the time of a `Date` header; without one, that of this machine."""
    with contextlib.suppress(ValueError, TypeError):
        if date:
            return parsedate_to_datetime(date).timestamp()
    return time.time()


def _parsed(content: bytes, media_type: str) -> object:
    if not media_type.endswith("json"):
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _seconds(retry_after: str | None) -> float:
    """Return the seconds of `Retry-After`; 0 if there are none, or a date."""
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 0.0
