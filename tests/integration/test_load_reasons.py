"""A column that explains what is missing: its reason goes when the values come, values stay."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from include.sources import discover_sources
from include.sources._base import Page, Stream, StreamKind
from include.sources._records import columns_of
from include.sources.instagram import SOURCE as INSTAGRAM
from include.sources.tiktok import SOURCE as TIKTOK
from include.sources.youtube import SOURCE as YOUTUBE
from tests.conftest import Warehouse
from tests.fakes.small_shop import NOON, Loader, fetch_handed, page

HOUR = dt.timedelta(hours=1)


def loaded(
    warehouse: Warehouse, folder: Path, stream: Stream, columns: str, *pages: Page
) -> list[tuple[Any, ...]]:
    """Load pages one after the other into one window and return what raw holds then."""
    source = next(s for s in (INSTAGRAM, TIKTOK, YOUTUBE) if stream in s.streams)
    loader = Loader(warehouse.dsn("loader"), str(folder / "landing"), source=source)
    stream = replace(stream, fetch=fetch_handed)
    for number, given in enumerate(pages):
        given.captured_at = NOON + number * HOUR
        loader.run(stream, given)
    with psycopg.connect(warehouse.admin_dsn) as conn:
        table = f"raw.{source.name}__{stream.name}"
        rows = conn.execute(f"select {columns} from {table}".encode()).fetchall()
        conn.execute(f"truncate {table}".encode())
    return rows


def insight_page(refused: list[str], **metrics: int) -> Page:
    context = {
        "media_id": "18",
        "account_id": "17",
        "media_product_type": "REELS",
        "refused_metrics": refused,
    }
    data = [{"name": name, "values": [{"value": value}]} for name, value in metrics.items()]
    body = page([], context=context)
    return replace(body, body=msgspec.json.encode({"data": data}), document={"data": data})


def test_insights_that_come_later_take_their_reason_away(
    clean_warehouse: Warehouse, tmp_path: Path
) -> None:
    stream = INSTAGRAM.stream("media_insights")
    columns = "reach, views, unavailable_reason, refused_metrics"

    empty, full = insight_page(["follows"]), insight_page([], reach=70, views=90)
    rows = loaded(clean_warehouse, tmp_path, stream, columns, empty, full)
    assert rows == [(70, 90, None, None)]

    # The other way round the values stay, and the newest answer is what the reason speaks of.
    empty, full = insight_page(["follows"]), insight_page([], reach=70, views=90)
    rows = loaded(clean_warehouse, tmp_path, stream, columns, full, empty)
    assert rows == [(70, 90, "no_data", "follows")]


def test_a_creator_who_joins_the_marketplace_is_no_longer_missing(
    clean_warehouse: Warehouse, tmp_path: Path
) -> None:
    def answer(document: dict[str, Any]) -> Page:
        body = page([], context={"handle_name": "ana"})
        return replace(body, body=msgspec.json.encode(document), document=document)

    missing = answer({"code": 40121, "message": "no such creator"})
    reason = next(iter(TIKTOK.stream("creators").parse(missing.document, missing)))
    assert reason["unavailable_reason"] == "not_on_marketplace"
    rows = loaded(
        clean_warehouse,
        tmp_path,
        TIKTOK.stream("creators"),
        "handle_name, followers_count, unavailable_reason",
        missing,
        answer({"code": 0, "data": {"followers_count": 5}}),
    )
    assert rows == [("ana", 5, None)]


def test_a_video_that_is_returned_again_is_no_longer_missing(
    clean_warehouse: Warehouse, tmp_path: Path
) -> None:
    asked = [{"id": "v1", "channelId": "c1", "publishedAt": "2026-11-01T00:00:00Z"}]

    def answer(refused: list[str], *items: dict[str, Any]) -> Page:
        document = {"items": list(items)}
        body = page([], context={"asked": asked, "refusedParts": refused, "expected_rows": 1})
        return replace(body, body=msgspec.json.encode(document), document=document)

    found = {"id": "v1", "snippet": {"title": "Hi"}, "statistics": {"viewCount": "8"}}
    rows = loaded(
        clean_warehouse,
        tmp_path,
        YOUTUBE.stream("videos"),
        "title, view_count, unavailable_reason, refused_parts",
        answer(["brandPartner"]),
        answer([], found),
    )
    assert rows == [("Hi", 8, None, None)]


@pytest.mark.parametrize("source", discover_sources().values(), ids=lambda source: source.name)
def test_every_reason_of_a_snapshot_is_declared_as_one(source: Any) -> None:
    explaining = {
        f"{stream.name}.{column.name}": column.explains_absence
        for stream in source.streams
        if stream.kind is StreamKind.SNAPSHOT
        for column in columns_of(stream.record)
        if column.name.startswith(("refused_", "unavailable_"))
    }
    assert all(explaining.values()), explaining
