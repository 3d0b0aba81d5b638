"""Which proxy the environment names for an address."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from dejavu_flyte.reach import is_loopback


@dataclass(frozen=True)
class Proxy:
    """A proxy, and the variable that names it; as a text it is without its password."""

    url: str
    variable: str

    def __str__(self) -> str:
        scheme, _, rest = self.url.partition("://")
        return f"the proxy {scheme}://{rest.rpartition('@')[2]} ({self.variable})"


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy on the way to a URL; None: there is none, as to a service on this machine."""
    from urllib.request import getproxies  # noqa: PLC0415  (takes 60 ms to import)

    parts = urlsplit(url)
    proxies = getproxies()
    if is_loopback(parts.hostname or "") or any(_bypasses(e, parts) for e in proxies.get("no", "").split(",")):
        return None
    for scheme in (parts.scheme, "all"):
        if proxy := proxies.get(scheme, "").strip():
            return Proxy(proxy if "://" in proxy else f"http://{proxy}", _variable(scheme))
    return None


def _bypasses(entry: str, parts: SplitResult) -> bool:
    """Whether an entry of NO_PROXY is about the host: a name, its parent domain, an address or a network."""
    scheme, _, entry = entry.strip().lower().rpartition("://")
    host = (parts.hostname or "").rstrip(".")
    if not entry or (scheme and scheme not in (parts.scheme, "all")):
        return False
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass
    try:
        named = urlsplit("//" + entry)
        port = named.port
    except ValueError:
        return False
    name = (named.hostname or "").removeprefix("*").strip(".")
    if port not in (None, parts.port or (443 if parts.scheme == "https" else 80)):
        return False
    return entry == "*" or (bool(name) and (host == name or host.endswith(f".{name}")))


def _variable(scheme: str) -> str:
    name = f"{scheme}_proxy"
    return next((n for n in (name, name.upper()) if n in os.environ), "the system's settings")
