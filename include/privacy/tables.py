"""Take erased persons out of tables: which tables there are, and how a row is edited."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from include.privacy.erasers import TextEraser
from include.privacy.json_text import edit_json
from include.privacy.subjects import TOKEN_PREFIX, number_token

SQL = sql.SQL
_log = logging.getLogger(__name__)
TEXT_TYPES = frozenset({"text", "character varying", "character", "json", "jsonb", "text[]"})
# Types of ids; only columns that name a person are looked at.
NUMBER_TYPES = frozenset({"bigint", "integer", "numeric"})

_TABLES = """
select
    n.nspname,
    c.relname,
    array_agg(a.attname::text order by a.attnum),
    array_agg(format_type(a.atttypid, null) order by a.attnum),
    coalesce(
        (
            select array_agg(k.attname::text)
            from pg_constraint as pk, unnest(pk.conkey) as place, pg_attribute as k
            where pk.conrelid = c.oid and pk.contype = 'p'
                and k.attrelid = c.oid and k.attnum = place
        ),
        '{}'
    ),
    coalesce(
        (
            select array_agg(distinct k.attname::text)
            from pg_index as i, unnest(i.indkey) as place, pg_attribute as k
            where i.indrelid = c.oid and i.indisunique and k.attrelid = c.oid and k.attnum = place
        ),
        '{}'
    )
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
where
    c.relkind = 'r'
    and n.nspname !~ '^(pg_|information_schema$)'
    and n.nspname <> 'secrets'
    and (n.nspname, c.relname) <> ('quarantine', 'rejects')
    and has_schema_privilege(n.oid, 'usage')
    and has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'update')
group by c.oid, n.nspname, c.relname
order by n.nspname, c.relname
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table this role may change; `texts` and `numbers` map columns to their types.

    key: columns of the primary key; unique: columns of any index that takes a value once.
    """

    schema: str
    name: str
    columns: tuple[str, ...]
    texts: Mapping[str, str]
    numbers: Mapping[str, str]
    key: tuple[str, ...]
    unique: frozenset[str] = frozenset()

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows are searched: those of a connection, where a table says it; and for what.

    subject_columns: columns that name a person as a whole, the same name from raw to core.
    """

    connection_id: str
    subject_columns: frozenset[str]

    def of(self, table: Table) -> sql.Composable:
        """SQL over alias `t`: the row may be of the connection."""
        if "connection_id" not in table.columns:
            return SQL("true")
        return SQL("t.connection_id = {}").format(sql.Literal(self.connection_id))

    def subjects_of(self, table: Table) -> list[str]:
        """Return the table's columns that name a person."""
        return sorted(self.subject_columns & (table.texts.keys() | table.numbers.keys()))


def changeable_tables(conn: psycopg.Connection) -> list[Table]:
    """Return every table the role may change, but quarantine's, which is edited as JSON."""
    return [
        Table(
            schema,
            name,
            tuple(columns),
            {c: t for c, t in zip(columns, types, strict=True) if t in TEXT_TYPES},
            {c: t for c, t in zip(columns, types, strict=True) if t in NUMBER_TYPES},
            tuple(key),
            frozenset(unique),
        )
        for schema, name, columns, types, key, unique in conn.execute(_TABLES).fetchall()
    ]


def erase_rows(
    conn: psycopg.Connection, table: Table, scope: Scope, eraser: TextEraser
) -> list[dict[str, Any]]:
    """Replace known values in a table's text columns; return the changed rows as they are now.

    A row is its texts and its key, as texts. A key column changes only when it names a person: an
    order keeps its number.
    """
    editable = {*table.texts, *scope.subjects_of(table)}
    names = sorted(editable | set(table.key))
    query = _find_rows(table, scope, eraser, names)
    if not editable or query is None:
        return []
    changed = []
    for place, *cells in _read(conn, query, eraser):
        row = dict(zip(names, cells, strict=True))
        edits = {
            name: new
            for name, value in row.items()
            if value is not None
            and name in editable
            and (name in scope.subject_columns or name not in table.key)
            and (new := _edited(name, value, table, scope, eraser)) != value
        }
        if edits:
            _update(conn, table, place, edits)
            changed.append(row | edits)
    return changed


def refresh_statistics(conn: psycopg.Connection, names: Iterable[str]) -> None:
    """Have the planner forget the frequent values of changed tables, erased ones among them.

    names: `schema.table`. What somebody has locked is passed over, the nightly vacuum comes to it.
    """
    for name in names:
        table = sql.Identifier(*name.split(".", 1))
        try:
            conn.execute(SQL("analyze (skip_locked) {}").format(table))
        except psycopg.errors.UndefinedTable:
            _log.info("%s is gone", name)  # dbt replaces tables while we walk through them


def erase_everybody(conn: psycopg.Connection, table: Table, scope: Scope, salt: str) -> int:
    """Give each person of a connection a token of its own; return how many rows changed."""
    names = scope.subjects_of(table)
    if not names or "connection_id" not in table.columns:
        return 0
    edits: list[sql.Composable] = [_salted(table, name, salt) for name in names]
    if "_extra" in table.columns:
        edits.append(SQL("_extra = null"))
    names_somebody = SQL(" or ").join(
        _NAMES_SOMEBODY.format(sql.Identifier(name), prefix=sql.Literal(TOKEN_PREFIX))
        for name in names
    )
    return conn.execute(
        SQL("update {} as t set {} where {} and ({})").format(
            table.identifier, SQL(", ").join(edits), scope.of(table), names_somebody
        )
    ).rowcount


# What `subjects.names_somebody` says, in SQL.
_NAMES_SOMEBODY = SQL(
    "(t.{0}::text not in ('', '0') and t.{0}::text !~ '^-'"
    " and not starts_with(t.{0}::text, {prefix}))"
)


def _salted(table: Table, name: str, salt: str) -> sql.Composed:
    """SQL: the token `subjects.salted_token` makes of the same value, or its number."""
    column, prefix = sql.Identifier(name), sql.Literal(TOKEN_PREFIX)
    digest = SQL("encode(sha256(convert_to({} || t.{}::text, 'UTF8')), 'hex')").format(
        sql.Literal(salt), column
    )
    token = SQL("{} || left({}, 16)").format(prefix, digest)
    if name in table.numbers:
        token = SQL("-(('x' || left({}, 12))::bit(48)::bigint)").format(digest)
    return SQL("{0} = case when {1} then {2} else t.{0} end").format(
        column, _NAMES_SOMEBODY.format(column, prefix=prefix), token
    )


def _find_rows(
    table: Table, scope: Scope, eraser: TextEraser, names: Sequence[str]
) -> sql.Composed | None:
    """Return the query of the rows that may hold a known value, None when none can."""
    is_hit: list[sql.Composable] = [
        SQL("t.{}::text = any(%(values)s)").format(sql.Identifier(name))
        for name in scope.subjects_of(table)
        if eraser.values
    ]
    if eraser.anywhere:
        is_hit.append(
            SQL(
                "exists (select from unnest(%(anywhere)s::text[]) as v"
                " where strpos(lower(t::text), v) > 0)"
            )
        )
    if eraser.is_whole_shop:
        is_hit = [SQL("true")]
    if not is_hit:
        return None
    return SQL("select t.ctid::text, {} from {} as t where {} and ({}) for update").format(
        SQL(", ").join(SQL("t.{}::text").format(sql.Identifier(name)) for name in names),
        table.identifier,
        scope.of(table),
        SQL(" or ").join(is_hit),
    )


def _read(
    conn: psycopg.Connection, query: sql.Composed, eraser: TextEraser
) -> Iterator[tuple[Any, ...]]:
    """Yield rows piece by piece: of a whole shop they may be millions."""
    with conn.cursor(name="erased_rows") as cursor:
        cursor.itersize = 5_000
        yield from cursor.execute(query, {"values": eraser.values, "anywhere": eraser.anywhere})


def _edited(name: str, value: str, table: Table, scope: Scope, eraser: TextEraser) -> str:
    if name in scope.subject_columns:
        edited = eraser.value(value)
        return number_token(edited) if name in table.numbers and edited != value else edited
    if table.texts[name] in ("json", "jsonb"):
        return edit_json(value, lambda _, text: eraser.text(text))
    return eraser.text(value)


def _update(conn: psycopg.Connection, table: Table, place: str, edits: Mapping[str, str]) -> None:
    """Write edits; of two rows that turn out to be about one forgotten person one is left."""
    types = {**table.texts, **table.numbers}
    assignments = SQL(", ").join(
        SQL("{} = {}::").format(sql.Identifier(name), sql.Literal(value)) + SQL(types[name])
        for name, value in edits.items()
    )
    where = SQL("where ctid = {}::tid").format(sql.Literal(place))
    update = SQL("update {} set {} {}").format(table.identifier, assignments, where)
    if not edits.keys() & table.unique:
        conn.execute(update)
        return
    try:
        with conn.transaction():
            conn.execute(update)
    except psycopg.errors.UniqueViolation:
        conn.execute(SQL("delete from {} {}").format(table.identifier, where))
