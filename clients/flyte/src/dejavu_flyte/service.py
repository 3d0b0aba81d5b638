"""HTTP client of a Dejavu service."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeGuard

import httpx

from dejavu_flyte import __version__
from dejavu_flyte.keys import ImageKey, Key, Value
from dejavu_flyte.settings import Settings

_PROBLEM = "urn:dejavu:problem:"
_BATCH = 1000
_PAGE = 500
_MAX_RESPONSE_BYTES = 16 * 1024 * 1024
# The service closes a connection after 20 idle seconds; reuse it only well before that.
_IDLE_SECONDS = 10.0

Entry = dict[str, Any]


class ServiceError(Exception):
    """The service is unreachable, or did not answer as a Dejavu service does; the text says how."""


class EntryRefused(ServiceError):
    """The service works and refuses this one entry."""


class ImageAbsent(Exception):
    """The registry does not have the image: an answer, not a failure."""


class WriteForbidden(ServiceError):
    """The service works and allows this client to read only."""


@dataclass(frozen=True)
class _Response:
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


class Service:
    """One connection to the service; a call takes `timeout` seconds at most and raises `ServiceError` if it fails."""

    def __init__(self, settings: Settings, timeout: float | None = None) -> None:
        self._timeout = timeout or settings.timeout
        headers = {"User-Agent": f"dejavu-flyte/{__version__}", "Accept": "application/json"}
        if settings.token:
            headers["Authorization"] = f"Bearer {settings.token}"
        self._has_token = bool(settings.token)
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
            follow_redirects=False,
        )

    def find(self, key: Key) -> Value | None:
        """Return the team's value of the key; None: it has none."""
        response = self._call("GET", f"{key.collection}/{key.hash}")
        if response.status == 404 and response.problem:
            return None
        return _value(type(key), key.hash, self._expect(response, 200))

    def resolve(self, key: ImageKey) -> Value | None:
        """Return the team's value, or that of a registry check by the service; None: the check could not tell.

        Raises:
            ImageAbsent: the registry does not have it
        """
        response = self._call("POST", f"{key.collection}/resolve", body=key.parts())
        if response.status == 404 and response.problem == "absent":
            raise ImageAbsent
        if response.status in (404, 422) and response.problem:
            return None
        return _value(type(key), key.hash, self._expect(response, 200))

    def put(self, key: Key, value: Value) -> None:
        """Store the value, with the parts of the key.

        Raises:
            EntryRefused: this entry cannot be shared
            WriteForbidden: this client may only read
        """
        response = self._call("PUT", f"{key.collection}/{key.hash}", body=value | key.parts())
        if response.status in (400, 413, 422) and response.problem:
            raise EntryRefused(response.detail or response.problem)
        if response.status == 403:
            raise WriteForbidden(response.detail or "it allows this client to read only")
        _value(type(key), key.hash, self._expect(response, 200, 201))

    def lookup(self, kind: type[Key], keys: list[str]) -> dict[str, Entry]:
        """Return the team's entries of any number of keys."""
        found: dict[str, Entry] = {}
        for start in range(0, len(keys), _BATCH):
            response = self._call("POST", f"{kind.collection}/lookup", body={kind.ids: keys[start : start + _BATCH]})
            found.update((entry[kind.id], entry) for entry in _entries(kind, self._expect(response, 200)))
        return found

    def entries(self, kind: type[Key], **only: str) -> Iterator[Entry]:
        """Return all live entries, newest first."""
        query: dict[str, Any] = {"limit": _PAGE} | only
        while True:
            page = self._expect(self._call("GET", kind.collection, query=query), 200)
            yield from _entries(kind, page)
            if not page.get("next"):
                return
            query["after"] = page["next"]

    def version(self) -> str:
        """Return the version of the service; empty if the service does not state it."""
        build = self._expect(self._call("GET", "actuator/info"), 200).get("build")
        return str(build.get("version", "")) if isinstance(build, dict) else ""

    def stats(self) -> dict[str, Any]:
        """Return the counters of the service since its start."""
        return self._expect(self._call("GET", "stats"), 200)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _expect(self, response: _Response, *statuses: int) -> dict[str, Any]:
        if response.status in statuses and isinstance(response.content, dict):
            return response.content
        if response.status == 401:
            raise ServiceError("it does not accept DEJAVU_TOKEN" if self._has_token else "it asks for a DEJAVU_TOKEN")
        if response.problem or response.media_type.startswith("application/problem+json"):
            raise ServiceError(f"it answers {response.status}: {response.detail or response.problem}")
        raise ServiceError(
            f"it answers {response.status} {response.media_type or 'nothing'}, not as a Dejavu service does"
        )

    def _call(self, method: str, path: str, *, body: object = None, query: dict[str, Any] | None = None) -> _Response:
        deadline = time.monotonic() + self._timeout
        content = bytearray()
        try:
            with self._client.stream(method, path, json=body, params=query) as stream:
                for chunk in stream.iter_bytes():
                    content += chunk
                    if time.monotonic() > deadline:
                        raise ServiceError(self._timed_out())  # httpx limits each read, not the whole response
                    if len(content) > _MAX_RESPONSE_BYTES:
                        raise ServiceError("its answer is too large")
        except httpx.TimeoutException:
            raise ServiceError(self._timed_out()) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as e:
            raise ServiceError(f"it cannot be reached: {str(e) or type(e).__name__}") from e
        media_type = stream.headers.get("Content-Type", "").partition(";")[0]
        return _Response(stream.status_code, _parsed(bytes(content), media_type), media_type)

    def _timed_out(self) -> str:
        return f"no answer within {self._timeout:g} s"


def _parsed(content: bytes, media_type: str) -> object:
    if not media_type.endswith("json"):
        return None
    try:
        return json.loads(content)
    except ValueError:
        return None


def _entries(kind: type[Key], page: dict[str, Any]) -> list[Entry]:
    entries = page.get("entries")
    if not isinstance(entries, list) or not all(_is_entry(entry, kind) for entry in entries):
        raise ServiceError("its answer is not a list of entries")
    return entries


def _value(kind: type[Key], key: str, entry: Entry) -> Value:
    if not _is_entry(entry, kind) or entry[kind.id] != key:
        raise ServiceError("its answer is not an entry of this key")
    return {member: entry[member] for member in kind.members}


def _is_entry(entry: object, kind: type[Key]) -> TypeGuard[Entry]:
    members = (kind.id, *kind.members, "created_at", "expires_at")
    return isinstance(entry, dict) and all(isinstance(entry.get(m), str) and entry[m] for m in members)
