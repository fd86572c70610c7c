"""Apply requests: find whom they name, erase them everywhere, and say when it is done.

A request is applied in two passes, half a day apart: what was under way during the first (a load
that had fetched the person's page already, a measure run that had read raw) has ended by the
second, which finds what it brought back. After that the list alone keeps the values out.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from include.landing.store import open_store
from include.privacy.derived_keys import derived_tokens, forget_visitors, tokens_of_shop
from include.privacy.erasers import ShopEraser, TextEraser
from include.privacy.erasure_list import add_person, read_erased
from include.privacy.landing import erase_landing
from include.privacy.rows import erase_loaded_rows
from include.privacy.subjects import (
    bare,
    identity_of,
    landed_form,
    names_somebody,
    salted_token,
)
from include.privacy.tables import (
    Scope,
    changeable_tables,
    erase_everybody,
    erase_rows,
    refresh_statistics,
)
from include.sources import discover_sources
from include.sources._base import Source, Stream
from include.warehouse.connection import connect
from include.warehouse.load_tables import RawTable, stream_tables

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Places:
    """Where personal data may be: the warehouse through two roles, and landing."""

    loader_dsn: str = field(repr=False)
    transformer_dsn: str = field(repr=False)
    landing_url: str
    hash_key: bytes = field(repr=False)


@dataclass(slots=True)
class Person:
    """Whom a request names, growing as linked values are found; `repr` shows nobody."""

    request_id: int
    values: set[str] = field(default_factory=set, repr=False)
    records: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


def apply_erasure(
    places: Places,
    source: Source,
    connection_id: str,
    persons: Iterable[Person],
    *,
    is_last_pass: bool = False,
    is_by_list: bool = False,
) -> dict[str, int]:
    """Erase persons of a connection, and whoever else its list names, everywhere; may run again.

    Order money stays: only what names a person changes, into the person's token. Returns changed
    rows and pages by place: raw, quarantine, landing, the built tables, kept versions of the marts.
    A whole shop is erased when `EVERYBODY` is on its list.

    is_by_list: the persons are known by what raw holds of them alone, so addresses and numbers in
    texts are hashed and looked up, in every row.
    """
    scope = Scope(connection_id, subject_columns(source))
    with connect(places.loader_dsn, autocommit=True) as conn:
        known = _enter_persons(conn, source, connection_id, persons, places.hash_key)
        erased = read_erased(conn, connection_id, places.hash_key)
        eraser, named = TextEraser(known), known
        if is_by_list and known:
            eraser = ShopEraser(known, places.hash_key)
        if erased.salt is not None:
            named = _everybody(conn, source, connection_id, erased.salt) | known
            eraser = ShopEraser(named, places.hash_key)
        shops = _keys_in_shops(conn, source, connection_id, named)
    elsewhere = {
        shop: TextEraser(keys) if erased.salt is None else ShopEraser(keys, places.hash_key)
        for shop, keys in shops.items()
    }
    touched = _erase_built(places.transformer_dsn, scope, eraser, erased.salt, known, elsewhere)
    store = open_store(places.landing_url)
    touched |= erase_landing(
        store, source, connection_id, erased, eraser, is_last_pass=is_last_pass
    )
    # Last, because what belongs to a person is found here: a pass that is killed is made again.
    with connect(places.loader_dsn, autocommit=True) as conn:
        touched |= (rows := erase_loaded_rows(conn, source, scope, erased, eraser))
        refresh_statistics(conn, rows)
    _log.info("erasure on connection %s changed %s", connection_id, touched or "nothing")
    return touched


def _enter_persons(
    conn: psycopg.Connection,
    source: Source,
    connection_id: str,
    persons: Iterable[Person],
    hash_key: bytes,
) -> dict[str, str]:
    """Put persons on the list with all values that belong to them; return the values' tokens."""
    known: dict[str, str] = {}
    for person in persons:
        link_values(conn, source, connection_id, person, hash_key)
        token = add_person(conn, connection_id, person.request_id, person.values, hash_key)
        known |= dict.fromkeys(known_values(person.values, hash_key), token)
    return known


def subject_columns(source: Source) -> frozenset[str]:
    """Return the names of all columns in which a source names persons."""
    names: set[str] = set()
    for stream in source.streams:
        names.update(stream.subject_columns)
        names.update(name for child in stream.children for name in child.subject_columns)
    return frozenset(names)


def link_values(
    conn: psycopg.Connection, source: Source, connection_id: str, person: Person, hash_key: bytes
) -> None:
    """Add the values that stand beside a person's own in raw: the customer of a named order."""
    before = -1
    while before != len(person.values):
        before = len(person.values)
        wanted = sorted(known_values(person.values, hash_key))
        for stream in source.streams:
            keys = list(person.records.get(stream.name, ()))
            for table, names in subject_tables(source, stream):
                person.values |= _linked(
                    conn, table, names, stream.key, connection_id, wanted, keys
                )


def listed_persons(
    conn: psycopg.Connection, source: Source, connection_id: str, request_id: int, hash_key: bytes
) -> list[Person]:
    """Return the persons of a connection's list whom raw names, with the values found of each."""
    listed = read_erased(conn, connection_id, hash_key).tokens
    found: dict[str, Person] = {}
    for value in _values_in_raw(conn, source, connection_id):
        token = listed.get(identity_of(value, hash_key)) if names_somebody(value) else None
        if token is not None:
            found.setdefault(token, Person(request_id)).values.add(value)
    return list(found.values())


def known_values(values: Collection[str], hash_key: bytes) -> set[str]:
    """Return the texts by which data may name a person: the plain values and their hashes."""
    plain = {bare(value) for value in values}
    return plain | {landed_form(value, hash_key) for value in plain}


def subject_tables(source: Source, stream: Stream) -> list[tuple[RawTable, list[str]]]:
    """Return the raw tables of a stream that name persons, with the columns that do."""
    tables = stream_tables(source.name, stream)
    found = [(tables[0], list(stream.subject_columns))]
    for table, child in zip(tables[1:], stream.children, strict=True):
        found.append((table, list(child.subject_columns)))
    return [(table, names) for table, names in found if names]


def _linked(
    conn: psycopg.Connection,
    table: RawTable,
    names: list[str],
    key: tuple[str, ...],
    connection_id: str,
    wanted: list[str],
    keys: list[str],
) -> set[str]:
    """Return every value of the rows that hold a wanted value or are named by their key."""
    columns = [sql.SQL("t.{}::text").format(sql.Identifier(name)) for name in names]
    is_hit = [sql.SQL("{} = any(%(wanted)s)").format(column) for column in columns]
    if keys and len(key) == 1:
        is_hit.append(sql.SQL("t.{}::text = any(%(keys)s)").format(sql.Identifier(key[0])))
    query = sql.SQL("select distinct {} from {} as t where t.connection_id = %(conn)s and ({})")
    rows = conn.execute(
        query.format(sql.SQL(", ").join(columns), table.identifier, sql.SQL(" or ").join(is_hit)),
        {"wanted": wanted, "keys": keys, "conn": connection_id},
    ).fetchall()
    return {value for row in rows for value in row if value and names_somebody(value)}


def _everybody(
    conn: psycopg.Connection, source: Source, connection_id: str, salt: str
) -> dict[str, str]:
    """Return the token of every value that names a person of a connection in raw."""
    return {
        value.casefold(): salted_token(salt, value)
        for value in _values_in_raw(conn, source, connection_id)
        if names_somebody(value)
    }


def _values_in_raw(conn: psycopg.Connection, source: Source, connection_id: str) -> Iterator[str]:
    """Yield what names persons of a connection in raw, each value once per column."""
    for stream in source.streams:
        for table, names in subject_tables(source, stream):
            for name in names:
                query = sql.SQL(
                    "select distinct {0}::text from {1}"
                    " where connection_id = %s and {0} is not null"
                ).format(sql.Identifier(name), table.identifier)
                yield from (value for (value,) in conn.execute(query, [connection_id]))


def _keys_in_shops(
    conn: psycopg.Connection, source: Source, connection_id: str, tokens: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Return, by shop, the keys by which its built tables know persons of a source that is none."""
    if not tokens or any(stream.name == "orders" for stream in source.streams):
        return {}
    shops = conn.execute(
        "select distinct source, connection_id from quality.load_windows where stream = 'orders'"
    ).fetchall()
    found = {}
    for name, shop in shops:
        own: set[str] = set()
        if name in (known := discover_sources()):
            for stream in known[name].streams:
                for table, names in subject_tables(known[name], stream):
                    own |= _linked(conn, table, names, (), shop, sorted(tokens), [])
        found[shop] = tokens_of_shop(shop, connection_id, tokens, own)
    return found


def _erase_built(
    dsn: str,
    scope: Scope,
    eraser: TextEraser,
    salt: str | None,
    known: Mapping[str, str],
    elsewhere: Mapping[str, TextEraser],
) -> dict[str, int]:
    """Erase in what dbt and the solve have built, kept versions included; one table at a time.

    elsewhere: what to erase in the tables' rows of shops, by connection.
    """
    touched: dict[str, int] = {}
    derived = derived_tokens(scope.connection_id, known)
    eraser = eraser.with_more(derived)
    with connect(dsn, autocommit=True) as conn:
        for table in changeable_tables(conn):
            with conn.transaction():
                forgotten = forget_visitors(
                    conn, table, scope.connection_id, derived if salt is None else None
                )
                count = 0 if salt is None else erase_everybody(conn, table, scope, salt)
                count = forgotten + max(count, len(erase_rows(conn, table, scope, eraser)))
                if "connection_id" in table.columns:
                    for shop, keys in elsewhere.items():
                        count += len(erase_rows(conn, table, Scope(shop, frozenset()), keys))
            if count:
                touched[table.full_name] = count
        refresh_statistics(conn, touched)
    return touched
