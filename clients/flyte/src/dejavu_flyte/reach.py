"""What only one machine can reach, or is a different one on every machine."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def endpoint(scope: str) -> str:
    """Return the endpoint of `endpoint:project:domain`; it may contain colons itself."""
    return scope.rsplit(":", 2)[0]


def why_scope_not_shared(scope: str) -> str | None:
    """Return the reason never to share anything of this scope, or None."""
    authority = endpoint(scope).rpartition("://")[2].lstrip("/").partition("/")[0]
    if is_local(host_of(authority)):
        return f"its Flyte backend, {authority}, is a different one on every machine"
    return None


def why_image_not_shared(uri: str) -> str | None:
    """Return the reason never to share an image URI, or None."""
    registry, slash, _ = uri.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        return f"{uri} names no registry, so it may exist in the Docker of one machine only"
    if is_local(host_of(registry)):
        return f"its registry, {registry}, is a different one on every machine"
    return None


def why_upload_not_shared(remote_path: str) -> str | None:
    """Return the reason never to share the address of an upload, or None."""
    scheme, separator, rest = remote_path.partition("://")
    if not separator or scheme.lower() == "file":
        return f"{remote_path} is a file on this machine"
    authority = rest.partition("/")[0]
    if is_local(host_of(authority)):
        return f"{authority} is a different one on every machine"
    return None


def is_local(host: str) -> bool:
    """Whether a host is a different one on every machine; sends no DNS query."""
    name = _name(host)
    if name.endswith(".docker.internal") or (name.startswith("host.") and name.endswith(".internal")):
        return True
    return is_loopback(host) or any(a.is_unspecified for a in _addresses(name))


def is_loopback(host: str) -> bool:
    """Whether what is sent to a host stays on this machine; sends no DNS query."""
    name = _name(host)
    if name in ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback") or name.endswith(".localhost"):
        return True
    return any(a.is_loopback for a in _addresses(name))


def host_of(authority: str) -> str:
    """Return the host of `host:port` or `user@host:port`; empty if there is none."""
    try:
        return urlsplit("//" + authority).hostname or ""
    except ValueError:
        return authority


def _name(host: str) -> str:
    return host.lower().rstrip(".")


def _addresses(name: str) -> list[_Address]:
    """Return the address that a name is, and the IPv4 address in it; none for another name."""
    try:
        short = name[:1].isdigit() and ":" not in name  # as in 127.1
        address = ipaddress.ip_address(socket.inet_aton(name) if short else name)
    except (OSError, ValueError):
        return []
    mapped = getattr(address, "ipv4_mapped", None)
    return [address, mapped] if mapped else [address]
