"""Loopback ports: is one free, and if not, who holds it.

Standard library only: preflight runs it before anything is installed.
"""

from __future__ import annotations

import errno
import pwd
import socket
from pathlib import Path

from include.errors import InvalidSettings

HOST = "127.0.0.1"
_LISTEN = "0A"  # the state column of /proc/net/tcp
_PROC = Path("/proc")


def is_port_free(port: int) -> bool:
    """Say whether a server could listen on the loopback port now.

    Raise `InvalidSettings` when this user may not listen on it at all (ports below 1024).
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of a stopped one that linger in TIME_WAIT do not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise InvalidSettings(
                    f"port {port} may not be used by this user; allowed: 1024-65535"
                ) from None
            return False
    return True


def check_port_free(service: str, port: int) -> None:
    """Raise `InvalidSettings` when the port is taken: by whom, and which variable moves us away."""
    if is_port_free(port):
        return
    raise InvalidSettings(
        f"port {port}, wanted for {service}, is taken by {describe_holder(port)}; "
        f"stop it or choose another port: GROUNDSWELL_{service.upper()}_PORT=<port>"
    )


def describe_holder(port: int) -> str:
    """Name the process that listens on the port as well as this user may see it."""
    sockets = _listening_sockets(port)
    for inode, user_id in sockets:
        pid = _find_process(inode)
        if pid is not None:
            return f"{_name_of(pid)} (pid {pid})"
        return f"a process of user {_user_name(user_id)}"
    return "another process"


def _listening_sockets(port: int) -> list[tuple[str, int]]:
    """Return (inode, user id) of the sockets that listen on the port."""
    found = []
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:  # no /proc on this system, or no IPv6
            continue
        for line in lines:
            columns = line.split()
            if columns[3] == _LISTEN and int(columns[1].rpartition(":")[2], 16) == port:
                found.append((columns[9], int(columns[7])))
    return found


def _find_process(inode: str) -> int | None:
    """Return the process that has the socket open, None when this user may not see it."""
    for folder in _PROC.glob("[0-9]*"):
        try:
            for descriptor in (folder / "fd").iterdir():
                if str(descriptor.readlink()) == f"socket:[{inode}]":
                    return int(folder.name)
        except OSError:  # another user's process, or one that just ended
            continue
    return None


def _name_of(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return "a process"


def _user_name(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)
