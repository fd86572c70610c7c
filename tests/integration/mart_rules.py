"""Marts made of a few rows each, and which rules of the marts' suite their rows break."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import psycopg

from include.quality.rules import Rule, bad_rows_sql
from include.warehouse.connection import connect
from tests.conftest import Warehouse


@contextmanager
def filled_marts(warehouse: Warehouse, rows: Mapping[str, str]) -> Iterator[psycopg.Connection]:
    """Make each mart of its select; what a test changes afterwards is never committed."""
    warehouse.reset()
    with connect(warehouse.dsn("transformer")) as connection:
        for mart, select in rows.items():
            connection.execute(f"create table marts_next.{mart} as select {select}".encode())
        connection.commit()
        yield connection
        connection.rollback()
    warehouse.reset()


def severities_of_broken(connection: psycopg.Connection, rules: Iterable[Rule]) -> dict[str, str]:
    """Return the rules that have bad rows, with their severity."""
    return {
        rule.name: rule.severity
        for rule in rules
        if connection.execute(bad_rows_sql(rule).encode()).fetchone() is not None
    }
