"""The calls about leases: one builds an image, the others wait."""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from dejavu_flyte.connection import Response, ServiceError
from dejavu_flyte.found import Found, seconds
from dejavu_flyte.keys import ImageKey
from dejavu_flyte.service import Service, WriteForbidden, found_in

_TOKEN = re.compile(r"[!-~]{1,256}")
_MAX_HOLDER = 200
# For a service that does not say when to renew.
_ASSUMED_SECONDS = 10.0
_MIN_SECONDS, _MAX_SECONDS = 0.2, 3600.0


class NoLeases(ServiceError):
    """This version of the service knows nothing of leases."""


class LeaseLost(ServiceError):
    """The lease ended: another may build the image too."""


@dataclass(frozen=True)
class Lease:
    """The right to build an image, for a while; it is to be renewed within so many seconds."""

    key: ImageKey
    token: str
    renew_within: float

    @property
    def path(self) -> str:
        """Where it can be renewed and given back."""
        return f"{self.key.collection}/{self.key.hash}/lease/{quote(self.token, safe='')}"


@dataclass(frozen=True)
class Held:
    """Somebody else builds the image.

    `seconds` are those since the build began, `expected` those that it takes as a rule, `again` those after which to
    ask again; `since` is when it began, in seconds since 1970. None: unknown.
    """

    holder: str
    since: float | None = None
    seconds: float | None = None
    expected: float | None = None
    again: float = 0.0


class LeaseService(Service):
    """One connection to the service, for the lease of one image."""

    def take(
        self, key: ImageKey, holder: str, *, wait: float = 0.0, within: float | None = None
    ) -> Found | Lease | Held:
        """Take the lease; or return what the team has, or who builds it.

        Args:
            key: of the image
            holder: who asks, for people
            wait: seconds for which the service may keep back that somebody else builds it
            within: seconds for all of it, in place of the timeout

        Raises:
            NoLeases: the service is older
            WriteForbidden: this client may only read
        """
        query = {"wait": int(wait)} if wait else None
        body = key.parts() | {"holder": holder}
        path = f"{key.collection}/{key.hash}/lease"
        response = self._call("POST", path, body=body, query=query, wait=wait, within=within)
        if response.status in (404, 405, 501):
            raise NoLeases(f"it answers {response.status}: it knows nothing of leases")
        if response.status == 403:
            raise WriteForbidden(response.detail or "it allows this client to read only")
        told = self._expect(response, 200, 201, 202)
        if response.status == 200:
            return found_in(key, told, response.at)
        return _lease(key, told, response) if response.status == 201 else _held(told, response)

    def renew(self, lease: Lease) -> Lease:
        """Return the lease with a new end.

        Raises:
            LeaseLost: it ended before
        """
        response = self._call("POST", f"{lease.path}/renew")
        if response.status in (404, 409, 410):
            raise LeaseLost(response.detail or "it ended")
        return _lease(lease.key, {"lease": lease.token} | self._expect(response, 200), response)

    def give_back(self, lease: Lease) -> None:
        """End the lease without an image: the next one gets it."""
        response = self._call("DELETE", lease.path)
        if response.status not in (204, 404):
            self._expect(response, 200)


def _lease(key: ImageKey, told: dict[str, Any], response: Response) -> Lease:
    token, within, end = told.get("lease"), told.get("renew_within"), seconds(told.get("expires_at"))
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ServiceError("its answer is not a lease")
    if not isinstance(within, (int, float)):
        within = (end - response.at) / 3 if end is not None else _ASSUMED_SECONDS
    return Lease(key, token, min(max(within, _MIN_SECONDS), _MAX_SECONDS))


def _held(told: dict[str, Any], response: Response) -> Held:
    holder, since, end = told.get("holder"), seconds(told.get("since")), seconds(told.get("expected_at"))
    if since is None:
        return Held(_name(holder), again=response.retry_after)
    expected = end - since if end is not None and end > since else None
    return Held(_name(holder), since, max(response.at - since, 0.0), expected, response.retry_after)


def _name(holder: object) -> str:
    text = " ".join(holder.split())[:_MAX_HOLDER] if isinstance(holder, str) else ""
    return text or "somebody"


def holder() -> str:
    """Return who builds here, as the team sees it: the job with its address, else the user and this machine."""
    env = os.environ.get
    if env("GITHUB_RUN_ID"):
        address = f"{env('GITHUB_SERVER_URL')}/{env('GITHUB_REPOSITORY')}/actions/runs/{env('GITHUB_RUN_ID')}"
        return _name(f"{env('GITHUB_JOB', '')} {address}")
    if address := env("CI_JOB_URL") or env("BUILD_URL") or "":
        return _name(f"{env('CI_JOB_NAME') or env('JOB_NAME') or ''} {address}")
    user = ""
    with contextlib.suppress(Exception):  # a container may run with a user that has no name
        user = f"{getpass.getuser()}@"
    return _name(user + socket.gethostname())
