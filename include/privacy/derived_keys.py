"""What dbt makes of a person's values: hashed keys that stand for them in the built tables.

`macros/attribution_journeys.sql` (`hashed_key`) and `macros/identity.sql` say so in SQL. A key
says nothing by itself, but whoever holds the value can make it again: an erasure knows them too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping

import psycopg
from psycopg import sql

from include.privacy.tables import Table

# What the value is, as macros/identity.sql spells it; without a word it is a visitor or a user.
KINDS = ("", "customer ", "email ")
# Columns of rows that are one visitor's, and would be nobody's without them.
VISITOR_COLUMNS = ("visitor_id", "user_id", "person_id")
CONNECTION_COLUMNS = ("connection_id", "export_connection_id")


def hashed_key(value: str, scope: str) -> str:
    """Return the key dbt makes of a value within a scope."""
    return hashlib.md5(f"{scope} {value}".encode(), usedforsecurity=False).hexdigest()


def derived_tokens(connection_id: str, tokens: Mapping[str, str]) -> dict[str, str]:
    """Return a token for each key that dbt makes of a person's values for a connection.

    A person's identities stay apart: tables hold one row for each.
    """
    keys = [(kind + value, token) for value, token in sorted(tokens.items()) for kind in KINDS]
    return {
        hashed_key(text, connection_id): f"{token}-{number}"
        for number, (text, token) in enumerate(keys)
    }


def tokens_of_shop(
    shop: str, connection_id: str, tokens: Mapping[str, str], own: Collection[str]
) -> dict[str, str]:
    """Return a token for each key that stands in a shop's tables for persons of another source.

    Who answered a survey stands there by the address, who visited the site as a person with orders.
    own: the values the shop itself knows, which are its own to forget.
    """
    keys = [
        (text, token)
        for value, token in sorted(tokens.items())
        for text in (f"email {value}", f"person {hashed_key(value, connection_id)}")
        if not (value in own and text.startswith("email "))
    ]
    return {hashed_key(text, shop): f"{token}-{place}" for place, (text, token) in enumerate(keys)}


def forget_visitors(
    conn: psycopg.Connection, table: Table, connection_id: str, keys: Iterable[str] | None
) -> int:
    """Delete the rows of visitors from a built table; return how many.

    keys: their hashed keys, None for every visitor of the connection. The next run builds the
    sessions anew, from events that name a token.
    """
    columns = [name for name in VISITOR_COLUMNS if name in table.columns]
    if table.schema != "intermediate" or not columns:
        return 0
    hits = [sql.SQL("{} = any(%(keys)s)").format(sql.Identifier(name)) for name in columns]
    if keys is None:
        scopes = [name for name in CONNECTION_COLUMNS if name in table.columns]
        hits = [sql.SQL("{} = %(connection)s").format(sql.Identifier(name)) for name in scopes]
    return conn.execute(
        sql.SQL("delete from {} where {}").format(table.identifier, sql.SQL(" or ").join(hits)),
        {"keys": sorted(keys or ()), "connection": connection_id},
    ).rowcount
