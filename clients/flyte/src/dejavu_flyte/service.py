"""The calls of a Dejavu service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeGuard

from dejavu_flyte.connection import Connection, Response, ServiceError
from dejavu_flyte.credentials import Credentials
from dejavu_flyte.found import Found
from dejavu_flyte.keys import ImageKey, Key, Members
from dejavu_flyte.settings import Settings

_BATCH = 1000
_PAGE = 500
_MAX_PAGES = 1000
_MAX_CURSOR = 500
_MAX_LIST_BYTES = 16 * 1024 * 1024

_WARM_UP = "actuator/health/liveness"
# The tag of no entry, so that there is an answer: it may have been verified since.
_HELD = {"If-None-Match": '"held"'}

Entry = dict[str, Any]


class Busy(ServiceError):
    """The service works and has no time for this one request; `seconds`: how long to wait, if it says so."""

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = seconds


class EntryRefused(ServiceError):
    """The service works and refuses this one entry."""


class ImageAbsent(Exception):
    """The registry does not have the image: an answer, not a failure."""


class WriteForbidden(ServiceError):
    """The service works and allows this client to read only."""


class Service:
    """One connection to the service.

    An answer takes `timeout` seconds at most. A call raises `ServiceError` if it fails, and `Busy` or `Interrupted` if
    it is worth another try.
    """

    def __init__(
        self, settings: Settings, timeout: float | None = None, credentials: Credentials | None = None
    ) -> None:
        self.at = 0.0  # the time of the service in seconds since 1970, when it answered last
        self._credentials = credentials or Credentials(settings)
        self.connection = Connection(settings.public_url, timeout or settings.timeout, self._credentials.user)

    @property
    def withheld(self) -> str:
        """Why the service gets no token, although the user has one; empty if that is not so."""
        return self._credentials.withheld

    def warm_up(self) -> bool:
        """Open the connection, and have the token ready; return whether the service works."""
        return self.connection.is_open or self._call("GET", _WARM_UP).status == 200

    def find(self, key: Key, *, is_held: bool = False) -> Found | None:
        """Return what the team has for the key; None: it has nothing.

        `is_held`: there is a value on this machine, so that the service counts no saving.
        """
        response = self._call("GET", f"{key.collection}/{key.hash}", headers=_HELD if is_held else None)
        if response.status == 404 and response.problem:
            return None
        return found_in(key, self._expect(response, 200), response.at)

    def resolve(self, key: ImageKey, within: float) -> Found | None:
        """Return what the team has, or a registry check by the service found; None: the check could not tell.

        All of it takes `within` seconds at most.

        Raises:
            ImageAbsent: the registry does not have it
        """
        response = self._call("POST", f"{key.collection}/resolve", body=key.parts(), within=within)
        if response.status == 404 and response.problem == "absent":
            raise ImageAbsent
        if response.status in (403, 404, 422) and response.problem:
            return None
        return found_in(key, self._expect(response, 200), response.at)

    def put(self, key: Key, value: Members, lease: str | None = None) -> None:
        """Store the value, perhaps with optional members of its entry, and the parts of the key.

        `lease` is the token of the one under which it was built, which this ends.

        Raises:
            EntryRefused: this entry cannot be shared
            WriteForbidden: this client may only read
        """
        headers = {"Dejavu-Lease": lease} if lease else {}
        response = self._call("PUT", f"{key.collection}/{key.hash}", body=value | key.parts(), headers=headers)
        if response.status in (400, 409, 412, 413, 422) and response.problem:
            raise EntryRefused(response.detail or response.problem)
        if response.status == 403:
            raise WriteForbidden(response.detail or "it allows this client to read only")
        found_in(key, self._expect(response, 200, 201), response.at)

    def lookup(self, kind: type[Key], keys: list[str]) -> dict[str, Entry]:
        """Return the team's entries of any number of keys."""
        found: dict[str, Entry] = {}
        for start in range(0, len(keys), _BATCH):
            body = {kind.ids: keys[start : start + _BATCH]}
            response = self._call("POST", f"{kind.collection}/lookup", body=body, max_bytes=_MAX_LIST_BYTES)
            found.update((entry[kind.id], entry) for entry in _entries(kind, self._expect(response, 200)))
        return found

    def entries(self, kind: type[Key], **only: str) -> Iterator[Entry]:
        """Return all live entries, newest first.

        Raises:
            ServiceError: the service failed, or its pages have no end
        """
        query: dict[str, Any] = {"limit": _PAGE} | only
        cursors: set[str] = set()
        for _ in range(_MAX_PAGES):
            response = self._call("GET", kind.collection, query=query, max_bytes=_MAX_LIST_BYTES)
            page = self._expect(response, 200)
            yield from _entries(kind, page)
            cursor = page.get("next")
            if not cursor:
                return
            if not isinstance(cursor, str) or len(cursor) > _MAX_CURSOR or cursor in cursors:
                break
            cursors.add(cursor)
            query["after"] = cursor
        raise ServiceError("its list has no end")

    def explain(self, key: Key) -> tuple[Found | None, dict[str, Any]] | None:
        """Return what the team has for the key, and why that is all; it counts as no lookup, so it saves nothing.

        None: the service does not say, as older versions, or its answer is no explanation.
        """
        response = self._call("POST", f"{key.collection}/explain", body=key.parts())
        if response.status in (400, 403, 404, 405, 422):
            return None
        told = self._expect(response, 200)
        if told.get("outcome") not in ("here", "absent", "unknown"):
            return None
        return found_in(key, told.get("entry"), response.at) if told["outcome"] == "here" else None, told

    def delete(self, key: Key) -> None:
        """Remove the team's entry, if there is one.

        Raises:
            WriteForbidden: only an administrator may
        """
        self._expect_done(self._call("DELETE", f"{key.collection}/{key.hash}"))

    def invalidate(self, key: Key) -> None:
        """Take the team's entry back: its registry has to confirm an image again, and anything else is removed.

        Raises:
            EntryRefused: this entry stays, as where the first write wins
            WriteForbidden: this client may not
        """
        path = f"{key.collection}/{key.hash}/invalidate"
        response = self._call("POST", path, body={"reason": "forgotten by a user"})
        if response.status in (404, 405):
            raise WriteForbidden("this version of the service lets administrators alone take entries back")
        if response.status == 409 and response.problem:
            raise EntryRefused(response.detail or response.problem)
        self._expect_done(response)

    def report(self, usage: list[dict[str, Any]], within: float) -> None:
        """Tell what asking cost this run, in `within` seconds; whether the service wants to know, it need not say."""
        self._call("POST", "usage", body={"reports": usage}, within=within)

    def _expect_done(self, response: Response) -> None:
        if response.status == 403:
            raise WriteForbidden(response.detail or "it does not allow that")
        if response.status != 204:
            self._expect(response)

    def identity(self) -> dict[str, Any] | None:
        """Return who the service takes this client for; None: it does not say, as older versions."""
        response = self._call("GET", "identity")
        return None if response.status == 404 else self._expect(response, 200)

    def version(self) -> str:
        """Return the version of the service; empty if the service does not state it."""
        build = self._expect(self._call("GET", "actuator/info"), 200).get("build")
        return str(build.get("version", "")) if isinstance(build, dict) else ""

    def stats(self) -> dict[str, Any]:
        """Return the counters of the service since its start."""
        return self._expect(self._call("GET", "stats"), 200)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _call(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> Response:
        headers = headers or {}
        token = self._credentials.token()
        response = self.connection.call(method, path, headers=headers | _bearer(token), **more)
        if response.status == 401 and (renewed := self._credentials.renewed(token)):
            response = self.connection.call(method, path, headers=headers | _bearer(renewed), **more)
        return response

    def _expect(self, response: Response, *statuses: int) -> dict[str, Any]:
        self.at = response.at
        if response.status in statuses and isinstance(response.content, dict):
            return response.content
        if response.status == 401:
            source = self._credentials.source
            asks = "it asks for a DEJAVU_TOKEN"
            if withheld := self._credentials.withheld:
                asks = f"it asks for a token, and {withheld}"
            raise ServiceError(f"it does not accept {source}" if source else asks)
        said = f"it answers {response.status}"
        if response.problem or response.media_type.startswith("application/problem+json"):
            said += f": {response.detail or response.problem}"
        else:
            said += f" {response.media_type or 'nothing'}, not as a Dejavu service does"
        if response.status in (429, 503):
            raise Busy(said, response.retry_after)
        raise ServiceError(said)


def _bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _entries(kind: type[Key], page: dict[str, Any]) -> list[Entry]:
    entries = page.get("entries")
    if not isinstance(entries, list) or not all(_is_entry(entry, kind) for entry in entries):
        raise ServiceError("its answer is not a list of entries")
    return entries


def found_in(key: Key, entry: object, now: float) -> Found:
    """Return what an entry of this key says; `now` is the time of the service.

    Raises:
        ServiceError: it is no such entry
    """
    if not _is_entry(entry, type(key)) or entry[key.id] != key.hash:
        raise ServiceError("its answer is not an entry of this key")
    return Found.of(type(key), entry, now)


def _is_entry(entry: object, kind: type[Key]) -> TypeGuard[Entry]:
    members = (kind.id, *kind.members, "created_at", "expires_at")
    return isinstance(entry, dict) and all(isinstance(entry.get(m), str) and entry[m] for m in members)
