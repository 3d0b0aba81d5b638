"""What only one machine can reach, or is a different one on every machine; sends no DNS query."""

from __future__ import annotations

import ipaddress
import re
import socket
from itertools import chain
from urllib.parse import urlsplit

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
_OTHER_LOOPBACK_NAMES = {"localhost4", "localhost6", "localhost4.localdomain4", "localhost6.localdomain6"}
# The service has the same lists, in LocalHosts: public names that lead to 127.0.0.1, with all that is under them;
_LOOPBACK_ZONES = (
    *("localtest.me", "lvh.me", "vcap.me", "lacolhost.com", "localho.st"),
    *("local.gd", "ddev.site", "lndo.site"),
)
# zones of names that contain their address;
_ADDRESS_ZONES = ("nip.io", "sslip.io", "xip.io", "traefik.me")
# what containers and virtual machines call the machine that they run on;
_OUTSIDE = re.compile(r"host\.[^.]+\.internal|([^.]+\.)*docker\.internal")
# zones of clusters on one machine, and of what is within any cluster;
_CLUSTER_ZONES = (
    *("minikube", "minikube.internal", "k3d.internal", "containers.internal", "lima.internal"),
    *("rancher-desktop.internal", "orb.internal", "orb.local", "crc.testing", "apps-crc.testing"),
    *("mshome.net", "multipass", "svc", "cluster.local"),
)
# the nodes of kind and k3d;
_CLUSTER_NODE = re.compile(r"[^.]+-control-plane\d*|k3d-[^.]+-(server|agent|serverlb)[^.]*")
# the networks of minikube, Docker, kind, k3d, Lima and Colima, OrbStack, CRC, Podman and libvirt.
_CLUSTER_NETWORKS = [
    ipaddress.ip_network(network)
    for network in (
        *("172.17.0.0/16", "172.18.0.0/16"),
        *(f"192.168.{n}.0/24" for n in (39, 49, 58, 59, 64, 65, 67, 99, 105, 106, 122, 127, 130, 138, 139)),
        *("198.19.248.0/23", "10.152.183.0/24", "fc00:f853:ccd:e793::/64", "fd07:b51a:cc66::/48"),
    )
]
_PLAIN = re.compile(
    r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.*|[0-9a-f:]*:[0-9a-f:.]*(%[a-z0-9._-]+)?", re.IGNORECASE | re.ASCII
)
_IPV4_IN_IPV6 = [ipaddress.ip_network("::/96"), ipaddress.ip_network("64:ff9b::/96")]
_ADDRESS_IN_NAME = re.compile(r"(?:^|[.-])(\d{1,3}(?:([.-])\d{1,3})(?:\2\d{1,3}){2})(?=[.-]|$)")
_HEX_IN_NAME = re.compile(r"(?:^|[.-])([0-9a-f]{8})(?=\.|$)")


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
    """Whether a host is this machine, or one on the same cable: a different one on every machine."""
    name = _name(host)
    if _is_below(name, _LOOPBACK_ZONES) or name in _OTHER_LOOPBACK_NAMES or _OUTSIDE.fullmatch(name):
        return True
    addresses = [*_addresses(name), *_addresses_in(name)]
    return is_loopback(host) or any(a.is_loopback or a.is_unspecified or a.is_link_local for a in addresses)


def is_cluster_of_one_machine(host: str) -> bool:
    """Whether a host is, unless somebody says otherwise, a cluster on the machine itself, or one seen from within."""
    name = _name(host)
    if _is_below(name, (*_ADDRESS_ZONES, *_CLUSTER_ZONES)) or _CLUSTER_NODE.fullmatch(name):
        return True
    return any(a in network for a in _addresses(name) for network in _CLUSTER_NETWORKS)


def is_plain(host: str) -> bool:
    """Whether a host is a name in ASCII or an address, so that everyone reads it in the same way."""
    return bool(_PLAIN.fullmatch(host))


def is_loopback(host: str) -> bool:
    """Whether what is sent to a host stays on this machine."""
    name = _name(host)
    return _is_below(name, _LOOPBACK_NAMES) or any(a.is_loopback for a in _addresses(name))


def host_of(authority: str) -> str:
    """Return the host of `host:port` or `user@host:port`; empty if there is none."""
    try:
        return urlsplit("//" + authority).hostname or ""
    except ValueError:
        return authority


def _name(host: str) -> str:
    return host.lower().strip("[]").rstrip(".")


def _is_below(name: str, zones: tuple[str, ...]) -> bool:
    return any(name == zone or name.endswith(f".{zone}") for zone in zones)


def _addresses(name: str) -> list[_Address]:
    """Return the address that a name is, and the IPv4 addresses in it; none for another name."""
    try:
        short = name[:1].isdigit() and ":" not in name  # as in 127.1
        address = ipaddress.ip_address(socket.inet_aton(name) if short else name)
    except (OSError, ValueError):
        return []
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    within = [address.ipv4_mapped, address.sixtofour]
    if any(address in network for network in _IPV4_IN_IPV6):
        within.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [address, *(a for a in within if a)]


def _addresses_in(name: str) -> list[_Address]:
    """Return the addresses to which a name like 10.0.0.1.nip.io may lead."""
    zone = next((zone for zone in _ADDRESS_ZONES if name.endswith(f".{zone}")), None)
    if zone is None:
        return []
    rest = name.removesuffix(f".{zone}")
    spelled = chain(
        (found[1].replace("-", ".") for found in _ADDRESS_IN_NAME.finditer(rest)),
        (str(ipaddress.IPv4Address(int(found[1], 16))) for found in _HEX_IN_NAME.finditer(rest)),
        (label.replace("-", ":") for label in rest.split(".") if "--" in label),
    )
    return [address for text in spelled for address in _addresses(text)]
