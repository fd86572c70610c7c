"""Airflow connections outside Airflow: the same environment variables, the same fields.

Airflow reads `AIRFLOW_CONN_<ID>` itself inside tasks; the demo, the bench and the tests call the
very functions the tasks use and take their connections from here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Protocol

from include.errors import InvalidSettings
from include.sources._base import Connection

PREFIX = "AIRFLOW_CONN_"
_FIELDS = frozenset(
    {"conn_type", "description", "login", "password", "host", "port", "schema", "extra"}
)


class AirflowConnection(Protocol):
    """The attributes of `airflow.sdk.Connection` that we read."""

    conn_id: str
    host: str | None
    schema: str | None
    login: str | None
    password: str | None
    port: int | None

    @property
    def extra_dejson(self) -> Mapping[str, Any]: ...


def variable_of(conn_id: str) -> str:
    """Return the environment variable in which Airflow looks for a connection."""
    return PREFIX + conn_id.upper()


def has_connection(conn_id: str) -> bool:
    """Say whether the environment defines the connection."""
    return bool(os.environ.get(variable_of(conn_id)))


def read_connection(conn_id: str) -> Connection:
    """Read a connection from the environment, in Airflow's JSON form.

    Raise `InvalidSettings` naming the variable when it is missing or not of that form; its value is
    never in the message, it holds secrets.
    """
    variable = variable_of(conn_id)
    text = os.environ.get(variable)
    if not text:
        raise InvalidSettings(
            f"connection {conn_id!r} is not defined; set {variable} to JSON such as "
            '{"conn_type": "http", "host": "...", "login": "...", "password": "..."}'
        )
    return parse_connection(conn_id, text)


def parse_connection(conn_id: str, text: str) -> Connection:
    """Turn Airflow's JSON form of a connection into a `Connection`; raise `InvalidSettings`."""
    variable = variable_of(conn_id)
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        # `from None`: the chained error would carry the text, and with it the secrets.
        place = f"line {error.lineno} column {error.colno}"
        raise InvalidSettings(f"{variable} is not JSON ({error.msg}, {place})") from None
    if not isinstance(fields, dict):
        raise InvalidSettings(f"{variable} must be a JSON object, not {type(fields).__name__}")
    unknown = sorted(set(fields) - _FIELDS)
    if unknown:
        raise InvalidSettings(
            f"{variable} has unknown fields {unknown}; allowed: {', '.join(sorted(_FIELDS))}"
        )
    return Connection(
        conn_id=conn_id,
        host=fields.get("host") or "",
        scheme=fields.get("schema") or "https",
        port=_parse_port(variable, fields.get("port")),
        login=fields.get("login"),
        password=fields.get("password"),
        extra=_parse_extra(variable, fields.get("extra")),
    )


def from_airflow(connection: AirflowConnection) -> Connection:
    """Take what a connector needs from the connection object Airflow hands to a task."""
    return Connection(
        conn_id=connection.conn_id,
        host=connection.host or "",
        scheme=connection.schema or "https",
        port=connection.port,
        login=connection.login,
        password=connection.password,
        extra=dict(connection.extra_dejson),
    )


def to_airflow_json(connection: Connection, *, conn_type: str) -> str:
    """Return the value of `AIRFLOW_CONN_<ID>` for a connection: `parse_connection` inverted."""
    return fields_to_json(
        {
            "conn_type": conn_type,
            "host": connection.host,
            "schema": connection.scheme,
            "port": connection.port,
            "login": connection.login,
            "password": connection.password,
            "extra": dict(connection.extra),
        }
    )


def fields_to_json(fields: Mapping[str, Any]) -> str:
    """Encode the fields of a connection as Airflow reads them; empty ones are left out."""
    return json.dumps({k: v for k, v in fields.items() if v not in (None, "", {})}, sort_keys=True)


def _parse_port(variable: str, value: object) -> int | None:
    if value in (None, ""):
        return None
    if not str(value).isdecimal() or not 1 <= int(str(value)) <= 65535:
        raise InvalidSettings(f"{variable}: port {value!r} is not a port; allowed: 1-65535")
    return int(str(value))


def _parse_extra(variable: str, value: object) -> Mapping[str, Any]:
    """Airflow allows `extra` as an object and as a string that holds one."""
    if value in (None, ""):
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise InvalidSettings(f"{variable}: extra is not JSON ({error.msg})") from None
    if not isinstance(value, dict):
        raise InvalidSettings(f"{variable}: extra must be an object, not {type(value).__name__}")
    return value
