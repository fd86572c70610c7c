"""TikTok: cursors and numbered pages are followed to their end, and no further."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from include.errors import CountMismatch, Truncated
from include.sources._base import Page
from include.sources.tiktok.client import follow_cursor, follow_numbers

NOW = dt.datetime(2026, 11, 5, 8, tzinfo=dt.UTC)


def page_of(**data: Any) -> Page:
    return Page(b"", 200, NOW, "api", {}, document={"code": 0, "data": data})


def walk(*pages: dict[str, Any], place: str | None = None) -> list[int]:
    """Follow the cursors of the pages; return what was asked for."""
    asked: list[int] = []
    pending = list(pages)

    def ask(cursor: int) -> Page:
        asked.append(cursor)
        return page_of(**pending.pop(0))

    for _ in follow_cursor(ask, 1_762_300_000_000, what="videos", place=place):
        pass
    return asked


def test_cursors_are_followed_through_short_and_empty_pages() -> None:
    asked = walk(
        {"videos": [1], "has_more": True, "cursor": 1_762_200_000_000},
        {"videos": [], "has_more": "true", "cursor": "1762100000000"},
        {"videos": [2, 3], "has_more": False, "cursor": 1_762_000_000_000},
    )
    assert asked == [1_762_300_000_000, 1_762_200_000_000, 1_762_100_000_000]


def test_a_cursor_may_stand_beside_the_items() -> None:
    first = {"posts": [1], "page_info": {"has_more": 1, "cursor": "17"}}
    assert walk(first, {"page_info": {"has_more": 0}}, place="page_info") == [1762300000000, 17]


def test_an_answer_without_has_more_is_the_last() -> None:
    assert walk({}) == [1_762_300_000_000]
    assert walk({"page_info": None}, place="page_info") == [1_762_300_000_000]


@pytest.mark.parametrize("cursor", [1_762_300_000_000, None, "x"])
def test_a_cursor_that_leads_nowhere_is_no_end(cursor: Any) -> None:
    with pytest.raises(Truncated, match="videos: page cursor"):
        walk({"videos": [1], "has_more": True, "cursor": cursor})


def count_pages(*pages: dict[str, Any]) -> list[int]:
    asked: list[int] = []
    pending = list(pages)

    def ask(number: int) -> Page:
        asked.append(number)
        return page_of(**pending.pop(0))

    for _ in follow_numbers(ask, "videos", "video_id"):
        pass
    return asked


def numbered(*ids: str, total: Any, pages: Any) -> dict[str, Any]:
    info = {"total_number": total, "total_page": pages}
    return {"videos": [{"video_id": i} for i in ids], "page_info": info}


def test_numbered_pages_are_read_to_the_last() -> None:
    first, second = numbered("1", "2", total="3", pages="2"), numbered("3", total=3, pages=2)
    assert count_pages(first, second) == [1, 2]
    assert count_pages(numbered(total=0, pages=0)) == [1]
    assert count_pages({"videos": [{"video_id": "1"}]}) == [1]


@pytest.mark.parametrize("second", [numbered("2", total=3, pages=2), numbered(total=3, pages=2)])
def test_a_lost_or_repeated_item_fails_the_window(second: dict[str, Any]) -> None:
    with pytest.raises(CountMismatch, match="announces 3 and sent 2"):
        count_pages(numbered("1", "2", total=3, pages=2), second)
