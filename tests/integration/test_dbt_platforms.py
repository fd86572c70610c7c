"""Several platforms and access paths per creator: measured beside each other, never in one rate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hand_made_build import NO_TESTS, NO_UNIT_TESTS, Build
from hand_made_market import Market, first_orders, report


def visits(market: Market) -> None:
    """100 sessions of ana's links: 40 from Instagram, 60 from the link on TikTok."""
    market.sessions("2026-03-05", "ana", Instagram=40, TikTok=60)


@pytest.fixture(scope="module")
def built(warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    warehouse.reset()
    build = Build(warehouse, tmp_path_factory.mktemp("dbt_platforms"))
    writers = (Market.plan, Market.other_platforms, Market.shop, first_orders, visits, report)
    build.load(1, dt.date(2026, 3, 5), *writers)
    build.dbt("build", *NO_UNIT_TESTS)
    yield build
    warehouse.reset()


def test_every_post_keeps_its_own_path_scope_and_definition(built: Build) -> None:
    rows = built.rows(
        "select platform, access_path, metric_scope, metric_definition_version, views_count, "
        "er_basic_by_views, er_by_reach, ctr_by_views, has_hashtag "
        "from marts_next.mart_content_performance order by platform, access_path"
    )
    assert rows == [
        ("instagram", "business_discovery", "total", "instagram_views_2025", 2000,
         Decimal("0.055"), None, None, True),
        # 12 clicks of 360 views; a story has neither likes nor comments.
        ("instagram", "creator_report", "organic", "instagram_creator_report", 360,
         None, None, Decimal("0.033333"), False),
        ("instagram", "own_account", "organic", "instagram_views_2025", 2000,
         Decimal("0.05"), Decimal("0.115"), None, False),
        ("tiktok", "business_discovery", "total", "tiktok_views_v1_3", 4000,
         Decimal("0.125"), None, None, True),
    ]  # fmt: skip


def test_the_scorecard_measures_the_main_account_alone(built: Build) -> None:
    """ana's TikTok video is a post and a third of the fee, and in none of the rates.

    Fee 100 over three pieces: 33.33 (TikTok) + 33.34 (feed) live, the reel is not; product 20. Of
    86.67 half belongs to the one live piece on Instagram. 40 sessions came from there.
    """
    (row,) = built.rows(
        "select platform, post_count, measured_post_count, metric_definition_version, views_count, "
        "er_basic_by_views, cost_amount, platform_cost_amount, cpm, session_count, ctr_by_views "
        "from marts_next.mart_creator_scorecard where creator_id = 'ana'"
    )
    assert row == (
        "instagram", 2, 1, "instagram_views_2025", 2000,
        Decimal("0.05"), Decimal("86.67"), Decimal("43.34"), Decimal("21.6675"), 100,
        Decimal("0.02"),
    )  # fmt: skip


def test_a_story_its_creator_tells_of_is_a_piece_that_is_live(built: Build) -> None:
    pieces = built.rows(
        "select deliverable_id, is_unverifiable, live_date "
        "from intermediate.int_deliverables_matched "
        "where deliverable_id in ('bo_instagram_story', 'ana_tiktok_reel') order by 1"
    )
    assert pieces == [
        ("ana_tiktok_reel", False, dt.date(2026, 3, 3)),
        ("bo_instagram_story", False, dt.date(2026, 3, 7)),
    ]
    (row,) = built.rows(
        "select post_count, measured_post_count, metric_scope, views_count, live_piece_count "
        "from marts_next.mart_creator_scorecard where creator_id = 'bo'"
    )
    assert row == (2, 1, "total", 2000, 2)


def test_an_empty_platform_needs_no_variable(built: Build) -> None:
    """Nothing of this market is on YouTube: its views are there and hold nothing."""
    assert built.rows("select count(*) from staging.stg_youtube__post_snapshots") == [(0,)]
    assert built.rows("select count(*) from core.fct_exchange_rate_daily") == [(0,)]


def test_a_second_build_changes_nothing(built: Build, tmp_path: Path) -> None:
    before = built.contents()
    built.dbt("build", *NO_TESTS)
    assert built.contents() == before
