"""The pages inside Airflow's api-server: the connection they read by, the application it mounts."""

from __future__ import annotations

import functools

from fastapi import FastAPI

from include.connections import from_airflow
from include.pages.app import build_app
from include.pages.reader import Reader
from include.warehouse.connection import dsn_of

# Role ui_reader: marts, quality and rejects without what they held; read-only in Postgres itself.
CONNECTION = "warehouse_ui_reader"


@functools.cache
def pages() -> FastAPI:
    """Return the application of this process, built once."""
    return build_app(Reader(find_dsn))


def find_dsn() -> str:
    """Return the address of the warehouse in Airflow's connection `warehouse_ui_reader`."""
    from airflow.models.connection import Connection

    return dsn_of(from_airflow(Connection.get_connection_from_secrets(CONNECTION)))
