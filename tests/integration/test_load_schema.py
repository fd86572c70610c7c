"""Raw tables follow their records, and refuse what would damage data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec
import psycopg
import pytest

from include.errors import SchemaChanged
from include.sources._base import Record, Stream, at
from tests.conftest import Warehouse
from tests.fakes.small_shop import LINES, NOON, ORDERS, Line, Loader, Order, order, page


@pytest.fixture
def loader(clean_warehouse: Warehouse, tmp_path: Path) -> Loader:
    return Loader(clean_warehouse.dsn("loader"), str(tmp_path / "landing"))


def query(loader: Loader, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(loader.dsn) as conn:
        return conn.execute(statement).fetchall()


def with_columns(columns: Mapping[str, Any], *, without: tuple[str, ...] = ()) -> Stream:
    """The orders stream with columns added or of another type."""
    kept = {name: kind for name, kind in Order.__annotations__.items() if name not in without}
    types: dict[str, Any] = {
        "order_id": Annotated[str, at("id")],
        "updated_at": dt.datetime,
        "total": Annotated[Decimal, at("price.amount")],
        "note": str | None,
    }
    fields = {name: types[name] for name in kept} | dict(columns)
    record = msgspec.defstruct(
        "Order", list(fields.items()), bases=(Record,), rename="camel", array_like=True
    )
    return replace(ORDERS, record=cast(type[Record], record))


def nullability(loader: Loader, column: str) -> str:
    [(answer,)] = query(
        loader,
        "select is_nullable from information_schema.columns"
        f" where table_name = 'small_shop__orders' and column_name = '{column}'",
    )
    return str(answer)


def test_a_new_column_is_filled_from_what_extra_kept(loader: Loader) -> None:
    loader.run(
        ORDERS,
        page(
            [
                order("7", giftTag="red", weight=1.50, seen="2026-11-01T00:00:00Z"),
                order("8", weight="heavy"),
                order("9", origin={"country": "CA", "city": "Guelph"}),
            ]
        ),
    )
    wider = with_columns(
        {
            "gift_tag": str | None,
            "weight": Decimal | None,
            "seen": dt.datetime | None,
            "country": Annotated[str | None, at("origin.country")],
        }
    )

    loader.run(wider, page([]))

    rows = query(
        loader,
        "select order_id, gift_tag, weight, seen, country, _extra from raw.small_shop__orders"
        " order by 1",
    )
    assert rows == [
        ("7", "red", Decimal("1.5"), dt.datetime(2026, 11, 1, tzinfo=dt.UTC), None, None),
        # What does not fit the new column stays where it was.
        ("8", None, None, None, None, {"weight": "heavy"}),
        ("9", None, None, None, "CA", {"origin": {"city": "Guelph"}}),
    ]


def test_a_new_required_column_is_enforced_once_no_row_lacks_it(loader: Loader) -> None:
    loader.run(ORDERS, page([order("7")]))
    wider = with_columns({"channel": str})

    refused = loader.run(wider, page([order("8"), order("9", channel="web")]))
    assert refused.rows_rejected == 1
    assert nullability(loader, "channel") == "YES"

    newer = order("7", channel="pos", updated="2026-11-04T11:00:00Z")
    loader.run(wider, page([newer], at_time=NOON + dt.timedelta(hours=1)))
    loader.run(wider, page([]))
    assert nullability(loader, "channel") == "NO"


def test_a_column_that_left_the_record_stays_with_its_values(loader: Loader) -> None:
    loader.run(ORDERS, page([order("7")]))

    loader.run(with_columns({}, without=("total",)), page([order("8")]))

    rows = query(loader, "select order_id, total from raw.small_shop__orders order by 1")
    assert rows == [("7", Decimal("10.00")), ("8", None)]


def test_a_required_column_may_become_optional(loader: Loader) -> None:
    loader.run(ORDERS, page([order("7")]))

    optional = with_columns({"total": Annotated[Decimal | None, at("price.amount")]})
    loader.run(optional, page([order("8", price=None)]))

    assert query(loader, "select count(*) from raw.small_shop__orders") == [(2,)]


def test_a_changed_type_is_refused(loader: Loader) -> None:
    loader.run(ORDERS, page([order("7")]))

    with pytest.raises(
        SchemaChanged,
        match=r"raw\.small_shop__orders\.note is text and would become bigint",
    ):
        loader.run(with_columns({"note": int | None}), page([order("8")]))

    assert query(loader, "select order_id from raw.small_shop__orders") == [("7",)]


def test_a_changed_key_is_refused(loader: Loader) -> None:
    loader.run(ORDERS, page([order("7")]))
    other = replace(ORDERS, key=("order_id", "updated_at"))

    with pytest.raises(
        SchemaChanged,
        match=r"the key is \(connection_id, order_id\) and would become "
        r"\(connection_id, order_id, updated_at\)",
    ):
        loader.run(other, page([order("8")]))


def test_a_dropped_key_column_is_refused(loader: Loader) -> None:
    wide = replace(LINES, key=("line_id", "quantity"))
    loader.run(replace(ORDERS, children=(wide,)), page([order("7")]))

    with pytest.raises(SchemaChanged, match=r"raw\.small_shop__lines: the key is"):
        loader.run(ORDERS, page([order("8")]))


def test_a_child_table_is_extended_too(loader: Loader) -> None:
    lines = [{"lineId": "1", "quantity": 1, "colour": "red"}]
    loader.run(ORDERS, page([order("7", lines=lines)]))
    record = msgspec.defstruct(
        "Line",
        [("line_id", str), ("quantity", int), ("colour", str | None)],
        bases=(Record,),
        rename="camel",
        array_like=True,
    )
    child = replace(LINES, record=cast(type[Line], record))

    loader.run(replace(ORDERS, children=(child,)), page([]))

    assert query(loader, "select colour, _extra from raw.small_shop__lines") == [("red", None)]
