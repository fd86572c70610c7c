"""Which addresses may be asked: the connection's own hosts, and plain http only on loopback."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from include.errors import UnsafeAddress
from include.sources._base import Connection

DEFAULT_PORTS = {"http": 80, "https": 443}
# Characters on whose meaning two parsers of an address may disagree.
_AMBIGUOUS = re.compile(r"[\\\s\x00-\x1f]")


def check_address(url: str, allowed_hosts: Iterable[str] | None = None) -> str:
    """Return `url` when it may be asked, else raise `UnsafeAddress` (without quoting its query).

    allowed_hosts: `host` or `host:port` (without a port: the scheme's own); None allows any host.
    """
    shown = url.split("?", 1)[0]
    if _AMBIGUOUS.search(url):
        raise UnsafeAddress(f"address {shown!r} holds a backslash, a space or a control character")
    try:
        parts = urlsplit(url)
        origin = _origin(parts)
    except ValueError as error:
        raise UnsafeAddress(f"address {shown!r} is not valid: {error}") from None
    if "@" in parts.netloc:
        raise UnsafeAddress("an address must not hold a login; put it into the connection")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise UnsafeAddress(f"{shown!r} is plain http; allowed: https, or http to loopback only")
    if allowed_hosts is not None and origin not in set(allowed_hosts):
        allowed = ", ".join(sorted(allowed_hosts))
        raise UnsafeAddress(f"{shown!r} leaves the connection's hosts; allowed: {allowed}")
    return url


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def base_address(connection: Connection) -> str:
    """Return `scheme://host[:port]` of a connection; `UnsafeAddress` when it may not be asked."""
    if not connection.host:
        raise UnsafeAddress(f"connection {connection.conn_id!r} has no host")
    host = f"[{connection.host}]" if ":" in connection.host else connection.host
    port = f":{connection.port}" if connection.port else ""
    url = f"{connection.scheme or 'https'}://{host}{port}"
    if urlsplit(url).path:
        raise UnsafeAddress(
            f"connection {connection.conn_id!r}: host {connection.host!r} must be a host name alone"
        )
    return check_address(url)


def origin_of(url: str) -> str:
    """Return `host:port` of an absolute address, the form in which hosts are compared."""
    return _origin(urlsplit(url))


def _origin(parts: SplitResult) -> str:
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("allowed: https://host/path, or http://host/path to loopback")
    return f"{parts.hostname}:{parts.port or DEFAULT_PORTS[parts.scheme]}"
