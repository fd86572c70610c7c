"""Connections for commands that a person types: the shell's, else those of this installation.

Airflow hands its tasks their connections by environment. A shell has none of them, but where the
installation keeps its secrets the same connections can be told from there.
"""

from __future__ import annotations

from include.connections import has_connection, parse_connection, read_connection, variable_of
from include.services.credentials import FILE_NAME, read_secrets
from include.services.environment import own_connections
from include.settings import read_settings
from include.sources._base import Connection


def read_shell_connection(conn_id: str) -> Connection:
    """Return a connection by its id; raise `InvalidSettings` when nobody defines it."""
    settings = read_settings()
    if not has_connection(conn_id) and (settings.data_dir / FILE_NAME).exists():
        known = own_connections(settings, read_secrets(settings.data_dir))
        text = known.get(variable_of(conn_id))
        if text is not None:
            return parse_connection(conn_id, text)
    return read_connection(conn_id)
