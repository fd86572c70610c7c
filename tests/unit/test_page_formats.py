"""How the pages write numbers, and the arithmetic of their charts."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest
from markupsafe import Markup
from scipy.stats import binomtest

from include.pages import formats
from include.pages.campaign.funnel import wilson
from include.pages.charts import (
    Part,
    Scale,
    interval_axis,
    interval_bar,
    nice_top,
    shares,
    two_lines,
)
from include.pages.csv_export import escape, write_csv


def test_numbers_are_written_with_unit_sign_and_grouping() -> None:
    assert formats.money(Decimal("-1234.5"), "USD", 2) == "−$1,234.50"
    assert formats.money(1234, "CHF") == "CHF\u202f1,234"
    assert formats.times(Decimal("1.845")) == "1.84×", "half to even"
    assert formats.percent(0.034) == "3.4\u202f%"
    assert formats.number(-0.2) == "0", "never minus zero"
    assert [formats.compact(n) for n in (9_999, 12_345, 999_949, 1_250_000)] == [
        "9,999", "12.3k", "999.9k", "1.2M",
    ]  # fmt: skip


def test_the_unknown_is_a_dash_and_no_zero() -> None:
    written = [formats.money(None, "USD"), formats.times(None), formats.percent(None)]
    written += [formats.number(None), formats.compact(None), formats.day(None)]
    written += [formats.yes_no(None), formats.words(None), formats.instant(None)]
    assert set(written) == {"–"}


def test_an_instant_is_written_in_utc() -> None:
    new_york = dt.timezone(dt.timedelta(hours=-5))
    assert formats.instant(dt.datetime(2026, 11, 20, 22, 5, tzinfo=new_york)) == (
        "21 Nov 2026, 03:05 UTC"
    )


def test_cells_that_would_run_as_formulas_are_texts() -> None:
    for text in ("=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1"):
        assert escape(text) == f"'{text}"
    assert escape(Decimal("-1.50")) == "-1.50"
    assert escape(None) == ""
    assert escape("5 % - fine") == "5 % - fine"
    assert write_csv(["=a"], [{"=a": "x,\ny"}]) == b'\xef\xbb\xbf\'=a\r\n"x,\ny"\r\n'


def test_an_axis_ends_at_a_round_value_above_all() -> None:
    assert [nice_top([n]) for n in (0.2, 7.3, 12, 99, 924)] == [1, 8, 15, 100, 1000]
    at = Scale(0, 10, 100, 200)
    assert [at(-5), at(0), at(5), at(12)] == [100, 100, 150, 200]


def test_an_interval_beyond_the_axis_ends_in_an_arrow_and_is_named_in_words() -> None:
    inside = interval_bar(2, 1, 3, 8, "ROAS 2", 1)
    beyond = interval_bar(2, 1, 9, 8, "ROAS 2", 1)
    assert ("tip" in inside, "tip" in beyond) == (False, True)
    assert 'aria-label="ROAS 2"' in inside
    # 2 to 192 pixels hold 0 to 8: 1 is at 25.75, 3 at 73.25, each drawn to a tenth.
    assert '<rect class="band" x="25.8" y="7" width="47.4"' in inside
    assert "band" not in interval_bar(2, None, None, 8, "no interval")


def test_a_columns_axis_names_its_end_and_what_to_compare_with() -> None:
    def named(drawn: str) -> list[str]:
        return re.findall(r">([^<]+×)<", drawn)

    assert named(interval_axis(8, 1)) == ["1×", "8×"], "zero would lie on the mark"
    assert named(interval_axis(2, 1)) == ["0×", "1×", "2×"]
    assert named(interval_axis(2.5)) == ["0×", "2.5×"]
    # The same place as in the bars below it: 200 wide, 2 to 192 is the axis.
    assert 'x="97.0"' in interval_axis(2, 1)
    assert 'x1="97.0"' in interval_bar(1, None, None, 2, "ROAS 1", 1)


def test_a_chart_tells_the_pointer_what_it_tells_a_reader() -> None:
    drawn = interval_bar(2, 1, 3, 8, "ROAS 2 & more", 1)
    assert drawn.count("ROAS 2 &amp; more") == 2
    assert "<title>ROAS 2 &amp; more</title>" in drawn


def test_names_are_written_as_people_write_them() -> None:
    assert [formats.platform(name) for name in ("tiktok", "mastodon", None)] == [
        "TikTok",
        "mastodon",
        "–",
    ]
    assert formats.sentence("nothing to decide: too early") == "Nothing to decide: too early"
    assert formats.sentence(None) == "–"


def test_texts_in_charts_and_cells_are_escaped() -> None:
    hostile = '"><script>alert(1)</script>'
    for drawn in (interval_bar(1, None, None, 2, hostile), two_lines(hostile, hostile)):
        assert isinstance(drawn, Markup)
        assert "<script>" not in drawn


def test_parts_below_zero_take_no_room() -> None:
    parts = [Part("a", 30, "a1"), Part("b", Decimal(-10), "b1"), Part("c", 10, "b2")]
    assert [share for _, share in shares(parts)] == [0.75, 0.0, 0.25]
    assert [share for _, share in shares([Part("a", 0, "a1")])] == [0.0]


@pytest.mark.parametrize(("hits", "tries"), [(20, 100), (0, 10), (10, 10), (225, 431)])
def test_wilsons_interval_is_scipys(hits: int, tries: int) -> None:
    expected = binomtest(hits, tries).proportion_ci(0.9, method="wilson")
    assert wilson(hits, tries) == pytest.approx((expected.low, expected.high), abs=1e-9)
