"""Readers compiled from records: paths, types, unknown fields, reasons."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest

from include.ingest import day_window
from include.sources import discover_sources
from include.sources._base import Json, Record, Source, Stream, at
from include.sources._check import check_source
from include.sources._records import Column, RowReader, RowRejected, columns_of
from tests.fakes.small_shop import CODES, COUNTERS, LINES, ORDERS, SHOP


class Wide(Record, rename="camel", frozen=True, array_like=True):
    """One column of every kind."""

    an_id: str
    how_many: int | None
    price: Annotated[Decimal | None, at("money.shop.amount", "In the shop's currency")]
    is_new: bool
    seen_at: dt.datetime | None
    day: dt.date | None
    raw: Json


FULL = {
    "anId": "7",
    "howMany": 3,
    "money": {"shop": {"amount": "1.50"}},
    "isNew": True,
    "seenAt": "2026-11-04T10:00:00Z",
    "day": "2026-11-04",
    "raw": {"a": [Decimal("1.10"), None]},
}


def test_columns_come_from_the_record() -> None:
    columns = columns_of(Wide)

    assert [(c.name, c.sql_type, c.is_nullable) for c in columns] == [
        ("an_id", "text", False),
        ("how_many", "bigint", True),
        ("price", "numeric", True),
        ("is_new", "boolean", False),
        ("seen_at", "timestamp with time zone", True),
        ("day", "date", True),
        ("raw", "jsonb", False),
    ]
    assert columns[2] == Column(
        "price", ("money", "shop", "amount"), "numeric", True, "In the shop's currency"
    )
    assert columns[0].path == ("anId",)


def test_a_type_without_a_column_type_is_refused() -> None:
    class Odd(Record, frozen=True, array_like=True):
        names: list[str]

    with pytest.raises(TypeError, match=r"Odd\.names: .*allowed: str, int, Decimal"):
        columns_of(Odd)


def test_a_document_becomes_a_row_for_copy() -> None:
    row, unknown = RowReader(Wide).read(FULL)

    assert row == [
        "7", 3, "1.50", True, "2026-11-04T10:00:00Z", "2026-11-04", '{"a":[1.10,null]}',
    ]  # fmt: skip
    assert unknown is None


@pytest.mark.parametrize(
    ("fields", "column", "value"),
    [
        ({"anId": 9007199254740993}, 0, "9007199254740993"),
        ({"anId": Decimal("1.0")}, 0, "1.0"),
        ({"howMany": "9007199254740993"}, 1, 9007199254740993),
        ({"howMany": Decimal("3.0")}, 1, 3),
        ({"howMany": None}, 1, None),
        ({"money": None}, 2, None),
        ({"money": {}}, 2, None),
        ({"money": {"shop": {"amount": Decimal("-0.00")}}}, 2, "-0.00"),
        ({"money": {"shop": {"amount": 5}}}, 2, "5"),
        ({"isNew": "true"}, 3, True),
        ({"seenAt": 1762250400}, 4, "2025-11-04T10:00:00Z"),
        ({"seenAt": "2026-11-04T10:00:00+0530"}, 4, "2026-11-04T10:00:00+05:30"),
    ],
)
def test_values_of_another_json_type_convert_exactly(
    fields: dict[str, Any], column: int, value: Any
) -> None:
    row, _ = RowReader(Wide).read(FULL | fields)

    assert row[column] == value
    assert type(row[column]) is type(value)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"anId": True}, "an_id: Expected `str`, got `bool`: True"),
        ({"howMany": Decimal("3.5")}, "how_many: Expected `int | null`, got `decimal`: 3.5"),
        ({"howMany": "12%"}, "how_many: Expected `int | null`, got `str`: '12%'"),
        ({"isNew": None}, "is_new: required, but isNew is missing or null"),
        ({"day": "20261104"}, "day: Invalid RFC3339 encoded date: '20261104'"),
        ({"money": [1]}, "price: money is no object: [1]"),
        ({"money": {"shop": {"amount": "-Infinity"}}}, "price: not a finite number: '-Infinity'"),
        ({"day": "x" * 200}, "day: Invalid RFC3339 encoded date: '" + "x" * 78 + "…"),
    ],
)
def test_a_reason_names_the_column_and_the_value(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(RowRejected) as caught:
        RowReader(Wide).read(FULL | fields)

    assert str(caught.value) == reason


@pytest.mark.parametrize("document", [None, 5, "text", ["list"]])
def test_a_document_that_is_no_object_is_rejected(document: Any) -> None:
    with pytest.raises(RowRejected, match=r"the row is no object|not the expected shape"):
        RowReader(Wide).read(document)


def test_unknown_fields_are_found_at_every_depth_with_columns() -> None:
    document = FULL | {
        "colour": "red",
        "tags": ["a"],
        "money": {"shop": {"amount": "1", "code": "EUR"}, "buyer": {"amount": "2"}},
    }

    _, unknown = RowReader(Wide, known=("tags",)).read(document)
    _, fewer = RowReader(Wide, known=("tags", "money.buyer", "money.shop")).read(document)

    assert unknown == {"colour": "red", "money.shop.code": "EUR", "money.buyer": {"amount": "2"}}
    assert fewer == {"colour": "red"}


def broken(stream: Stream, **changes: Any) -> Source:
    return replace(SHOP, streams=(replace(stream, **changes),))


class NullableKey(Record, frozen=True, array_like=True):
    """A record whose key may be missing."""

    order_id: str | None


class OwnLoadId(Record, frozen=True, array_like=True):
    """A record that takes a name of the loader."""

    order_id: str
    window_start: dt.datetime


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (broken(ORDERS, key=("id",)), r"key: no column 'id'; allowed: order_id, updated_at"),
        (broken(ORDERS, key=()), "key is empty"),
        (broken(ORDERS, cursor="changed_at"), "cursor: no column 'changed_at'"),
        (broken(CODES, replaces=("campaign",)), "replaces: no column 'campaign'"),
        (broken(ORDERS, cursor="note"), "note may be None"),
        (broken(COUNTERS, replaces=("post_id",)), "a snapshot has neither"),
        (broken(ORDERS, rejects_allowed=5), "rejects_allowed=5; allowed: 0 to 1"),
        (broken(ORDERS, name="Orders"), "not a table name"),
        (broken(ORDERS, name="o" * 70), "at most 63 characters"),
        (broken(ORDERS, children=(LINES, LINES)), "two streams or child tables"),
        (broken(ORDERS, children=(replace(LINES, key=()),)), "key is empty"),
        (broken(ORDERS, children=(replace(LINES, record=ORDERS.record, key=("note",)),)),
         "order_id comes from the parent"),
        (broken(CODES, record=NullableKey, key=("order_id",), replaces=()), "may be None"),
        (broken(CODES, record=OwnLoadId, key=("order_id",), replaces=()), "loader's own"),
        (replace(SHOP, streams=()), "at least one stream"),
    ],
)  # fmt: skip
def test_a_wrong_descriptor_is_refused(source: Source, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        check_source(source)


def test_a_right_descriptor_passes() -> None:
    check_source(SHOP)


def test_sources_are_found_by_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "found_sources"
    good = (
        "from dataclasses import replace\nfrom tests.fakes.small_shop import SHOP\n"
        "SOURCE = replace(SHOP, name={name!r})\n"
    )
    for name in ("beta", "alpha", "_draft"):
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").write_text(good.format(name=name), encoding="utf-8")
    (package / "left_over" / "__pycache__").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path)

    assert list(discover_sources(package, "found_sources")) == ["alpha", "beta"]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("__init__.py", "", "has no SOURCE"),
        ("client.py", "", "has no SOURCE"),
        (
            "__init__.py",
            "from tests.fakes.small_shop import SHOP as SOURCE",
            "must be the folder's",
        ),
    ],
)
def test_a_folder_without_a_usable_source_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str, message: str
) -> None:
    package = f"broken_sources_{abs(hash((file, text)))}"
    folder = tmp_path / package / "gamma"
    folder.mkdir(parents=True)
    (folder / file).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(TypeError, match=message):
        discover_sources(tmp_path / package, package)


def test_every_source_of_the_product_is_found() -> None:
    assert {"campaign_plan", "ga4", "instagram", "shopify"} <= set(discover_sources())


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("2026-07-01", "2026-07-01T04:00Z", "2026-07-02T04:00Z"),
        # The clocks go back: 25 hours; forward: 23 hours.
        ("2026-11-01", "2026-11-01T04:00Z", "2026-11-02T05:00Z"),
        ("2027-03-14", "2027-03-14T05:00Z", "2027-03-15T04:00Z"),
    ],
)
def test_a_day_lasts_from_midnight_to_midnight(day: str, start: str, end: str) -> None:
    window = day_window(day, "America/New_York")

    assert (window.start, window.end) == tuple(map(dt.datetime.fromisoformat, (start, end)))
    assert window.start.tzinfo is dt.UTC
    assert window.key == day
