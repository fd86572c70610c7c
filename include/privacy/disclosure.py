"""Answer a data request: everything raw holds about a person, as one file for the shop's owner."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from include.privacy.erasure import Person, known_values, link_values, subject_tables
from include.sources._base import Source, Stream
from include.warehouse.load_tables import RawTable, stream_tables


def write_answer(
    conn: psycopg.Connection,
    source: Source,
    connection_id: str,
    person: Person,
    hash_key: bytes,
    folder: Path,
) -> dict[str, int]:
    """Write `answers/request-<id>.json`, readable by this user only; return rows by table.

    The rows are those that name the person and the child rows that belong to them (the lines of the
    person's orders).
    """
    link_values(conn, source, connection_id, person, hash_key)
    wanted = sorted(known_values(person.values, hash_key))
    found: dict[str, list[Any]] = {}
    for stream in source.streams:
        keys = list(person.records.get(stream.name, ()))
        found |= _rows_of_stream(conn, source, stream, connection_id, wanted, keys)
    answer = {"request_id": person.request_id, "connection_id": connection_id, "rows": found}
    _write_private(folder / "answers" / f"request-{person.request_id}.json", answer)
    return {f"raw.{table}": len(rows) for table, rows in found.items() if rows}


def _rows_of_stream(
    conn: psycopg.Connection,
    source: Source,
    stream: Stream,
    connection_id: str,
    wanted: list[str],
    keys: list[str],
) -> dict[str, list[Any]]:
    named = {table.name: names for table, names in subject_tables(source, stream)}
    parent, *children = stream_tables(source.name, stream)
    found: dict[str, list[Any]] = {}
    if not named:
        return found
    is_person = _is_person(parent, named.get(parent.name, []), stream, keys)
    values = {"wanted": wanted, "keys": keys, "conn": connection_id}
    found[parent.name] = _select(conn, parent, is_person, values)
    for child in children:
        of_parent = sql.SQL("exists (select from {} as p where {} and {})").format(
            parent.identifier,
            sql.SQL(" and ").join(
                sql.SQL("p.{0} = t.{0}").format(sql.Identifier(name)) for name in parent.key
            ),
            _is_person(parent, named.get(parent.name, []), stream, keys, alias="p"),
        )
        own = _is_person(child, named.get(child.name, []), stream, [])
        found[child.name] = _select(
            conn, child, sql.SQL("({} or {})").format(of_parent, own), values
        )
    return found


def _is_person(
    table: RawTable, names: list[str], stream: Stream, keys: list[str], alias: str = "t"
) -> sql.Composable:
    hits = [
        sql.SQL("{}.{}::text = any(%(wanted)s)").format(sql.SQL(alias), sql.Identifier(name))
        for name in names
    ]
    if keys and len(stream.key) == 1:
        hits.append(
            sql.SQL("{}.{}::text = any(%(keys)s)").format(
                sql.SQL(alias), sql.Identifier(stream.key[0])
            )
        )
    return sql.SQL("({})").format(sql.SQL(" or ").join(hits)) if hits else sql.SQL("false")


def _select(
    conn: psycopg.Connection, table: RawTable, where: sql.Composable, values: dict[str, Any]
) -> list[Any]:
    query = sql.SQL(
        "select to_jsonb(t) - '_content_hash' from {} as t where t.connection_id = %(conn)s and {}"
    ).format(table.identifier, where)
    return [row for (row,) in conn.execute(query, values).fetchall()]


def _write_private(path: Path, answer: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(answer, file, indent=1, default=str, ensure_ascii=False)
