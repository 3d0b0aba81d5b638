"""Scopes, `endpoint:project:domain`: their spelling in the team's keys, and which of them are a team's."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from dejavu_flyte import reach

_DEFAULT_PORTS = {"https": "443", "http": "80"}
# Without the two slashes, as gRPC writes its targets.
_SCHEME = re.compile(
    r"^(https?|dns|ipv4|ipv6|passthrough|unix|unix-abstract|vsock):(?!//)[/\\]*(?=[^/\\])", re.IGNORECASE | re.ASCII
)
_NAME_SERVER = re.compile(r"^[^/]+/(?=.)")
# Also in a pattern, where project and domain may follow.
_AUTHORITY = re.compile(r"(\[[^]]*\]|[^:/]*)(?::(\d+)(?=[:/]|$)|:(?=/|$))?(?=[:/]|$)")


def parts(scope: str) -> tuple[str, str, str]:
    """Return endpoint, project and domain; the endpoint may contain colons itself."""
    endpoint, project, domain = ["", "", *scope.rsplit(":", 2)][-3:]
    return endpoint, project, domain


@lru_cache(maxsize=256)
def normalised(scope: str) -> str:
    """Return the scope in the spelling that all machines of a team have in common.

    That is `scheme://host[:port]:project:domain`; Flyte's own spelling comes from the configuration of each user.
    """
    if scope.count(":") < 2:
        return scope
    endpoint, project, domain = parts(scope)
    return f"{normalised_endpoint(endpoint)}:{project}:{domain}"


def normalised_endpoint(endpoint: str) -> str:
    """Return `scheme://host[:port]`, with a host in lower case; `dns:///host`, `dns:host` and a bare host are https."""
    scheme, separator, rest = _SCHEME.sub(r"\1:///", endpoint.strip()).partition("://")
    scheme, rest = (scheme.lower(), rest) if separator else ("https", scheme)
    if scheme == "dns":
        scheme, rest = "https", _NAME_SERVER.sub("", rest)
    if scheme not in _DEFAULT_PORTS:
        return endpoint
    rest = rest.strip("/")
    authority = _AUTHORITY.match(rest)
    if not rest or not authority:
        return endpoint
    host, port = authority[1].lower().rstrip("."), authority[2]
    colon_port = f":{port}" if port and port != _DEFAULT_PORTS.get(scheme) else ""
    return f"{scheme}://{_address(host)}{colon_port}{re.sub('^/+(?=:|$)', '', rest[authority.end() :])}"


def why_not_shared(scope: str, share: tuple[str, ...]) -> str | None:
    """Return the reason never to share anything of this scope, or None.

    `share` are the team's backends, all but those of one machine if it is empty: endpoints, or patterns in which `*` is
    any text, of endpoints or of whole scopes. The backend of one machine is shared only if a pattern names its host.
    """
    endpoint = normalised_endpoint(parts(scope)[0])
    authority = endpoint.partition("://")[2].partition("/")[0]
    host = reach.host_of(authority)
    if not endpoint:
        return None
    is_plain = reach.is_plain(host) and "@" not in authority and endpoint.startswith(("https://", "http://"))
    if not is_plain:
        return f"its Flyte backend, {endpoint}, is no plain name or address of another machine"
    if reach.is_local(host):
        return f"its Flyte backend, {authority}, is a different one on every machine"
    matching = [pattern for pattern in share if _matches(pattern, normalised(scope), endpoint)]
    if reach.is_cluster_of_one_machine(host) and not any(_names(pattern, host) for pattern in matching):
        return f"its Flyte backend, {authority}, may be a different one on every machine; DEJAVU_SHARE may name it"
    if share and not matching:
        return f"DEJAVU_SHARE does not name its Flyte backend, {endpoint}"
    return None


def _matches(pattern: str, scope: str, endpoint: str) -> bool:
    fixed = _spelled(pattern).split("*")
    return any(_is_made_of(fixed, text) for text in (scope, endpoint))


@lru_cache(maxsize=64)
def _spelled(pattern: str) -> str:
    """Normalise what a pattern says of the endpoint."""
    return pattern if pattern.startswith(("*", ":")) else normalised_endpoint(pattern)


def _is_made_of(fixed: list[str], text: str) -> bool:
    """Whether a text is these parts with any text between; a regular expression would try all ways to find them."""
    if len(fixed) == 1:
        return text == fixed[0]
    first, *middle, last = fixed
    at = len(first)
    for part in middle:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.startswith(first) and text.endswith(last) and at <= len(text) - len(last)


def _names(pattern: str, host: str) -> bool:
    """Whether a pattern names a host: the host itself, or `*.` and a domain of it."""
    spelled = normalised_endpoint(pattern).rpartition("://")[2]
    authority = re.match(r"\[[^]]*\]|[^:/]*", spelled)
    named = authority[0].lower().strip("[]") if authority else ""
    return named == host or (named.startswith("*.") and "*" not in named[1:] and host.endswith(named[1:]))


def _address(host: str) -> str:
    """Return an IPv6 address in its one short spelling, and any other host as it is."""
    try:
        return f"[{ipaddress.IPv6Address(host.strip('[]')).compressed}]"
    except ValueError:
        return host
