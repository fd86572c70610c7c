"""How the quality pages write what they show."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest

from include.pages import quality_formats as formats
from include.pages.quality_slices import mask_personal
from include.settings import REPO_ROOT

ZONE = ZoneInfo("America/New_York")
START = dt.datetime(2026, 11, 21, 5, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, ""),
        ("Expected `int`, got `str` - at `$.id`", "Expected `int`, got `str` - at `$.id`"),
        ("value jane.doe@example.test is no id", "value [address] is no id"),
        ("call +1 (555) 625-1199 now", "call [phone] now"),
        (
            'invalid input syntax for type numeric: "12 "x" 3"',
            'invalid input syntax for type numeric: "…"',
        ),
        ("gid://shopify/Order/4501234567", "gid://shopify/Order/4501234567"),
    ],
)
def test_messages_lose_what_may_be_a_persons(text, shown):
    assert mask_personal(text) == shown


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (12, "12 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7_199, "120 min"),
        (7_200, "2 h"),
        (172_799, "48 h"),
        (172_800, "2 d"),
    ],
)
def test_spans_take_their_largest_fitting_unit(seconds, written):
    assert formats.span(dt.timedelta(seconds=seconds)) == written


def test_windows_are_written_in_the_zone():
    assert formats.stamp(START, ZONE) == "2026-11-21 00:00"
    assert formats.stamp(None, ZONE) == "–"
    six = START + dt.timedelta(hours=6)
    assert formats.window(START, six, ZONE) == "2026-11-21 00:00 to 06:00"
    day = START + dt.timedelta(days=1)
    assert formats.window(START, day, ZONE) == "2026-11-21 00:00 to 2026-11-22 00:00"


def test_counts_have_their_noun():
    assert formats.counted(1, "row") == "1 row"
    assert formats.counted(1_234, "row") == "1,234 rows"
    assert formats.counted(0, "row") == "0 rows"
    assert formats.counted(None, "row") == "– rows"


def test_addresses_keep_the_choices_and_escape_them():
    chosen = {"source": "a&b=c", "stream": "", "page": 3}
    assert formats.address("/q", chosen) == "/q?source=a%26b%3Dc&page=3"
    assert formats.address("/q", chosen, page=1) == "/q?source=a%26b%3Dc"
    assert formats.address("/q", {}) == "/q"


def test_only_runs_of_airflow_have_a_page_there():
    found = formats.run_path("ingest_shopify", "scheduled__2026-11-21T08:00:00+00:00__x/y")
    run = "scheduled__2026-11-21T08%3A00%3A00%2B00%3A00__x%2Fy"
    assert found == f"/dags/ingest_shopify/runs/{run}"
    assert formats.run_path("ingest_shopify", "demo") == ""
    load = {"source": "instagram", "stream": "stories", "partition_key": "2026-11-21T00"}
    assert formats.load_dag(load) == "ingest_instagram_stories"
    assert formats.load_dag({**load, "partition_key": "2026-11-21"}) == "ingest_instagram"


def test_bars_are_as_high_as_their_bad_rows():
    history = [
        {"partition_key": "a", "success": True, "unexpected_count": 0},
        {"partition_key": "b", "success": False, "unexpected_count": 32},
        {"partition_key": "c", "success": False, "unexpected_count": 1},
        {"partition_key": "d", "success": False, "unexpected_count": 64},
        {"partition_key": "e", "success": False, "unexpected_count": None},
    ]
    drawn = formats.bars(history)
    assert [bar.height for bar in drawn] == [2, 32, 6, 64, 6]
    assert [bar.y for bar in drawn] == [62, 32, 58, 0, 58]
    assert [bar.x for bar in drawn] == [0, 10, 20, 30, 40]
    assert drawn[2].label == "c: fails for 1 row"
    assert formats.bars([]) == []


def test_no_statement_is_put_together_from_values():
    for path in sorted((REPO_ROOT / "include" / "pages").glob("quality*.py")):
        text = path.read_text()
        assert not re.search(r'f"{1,3}\s*(select|with|insert|update|delete)\b', text), path
