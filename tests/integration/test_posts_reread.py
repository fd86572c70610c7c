"""Posts of which a run's loads tell something: what of their history is read again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from hand_made_build import NO_TESTS, Build
from hand_made_market import INSTAGRAM, Market, utc

FACTS = ("core.fct_post", "core.fct_post_metrics_daily")
CHOSEN = ("--select", "+fct_post", "+fct_post_metrics_daily", *NO_TESTS)
SNAPSHOTS = (
    "select snapshot_date, previous_snapshot_date, likes_count, likes_delta_count "
    "from core.fct_post_metrics_daily where post_id = 'running' order by snapshot_date"
)


def seen(post: str, day: int, likes: int) -> Callable[[Market], None]:
    """A snapshot of a discovered post, which went live on 1 March, on a day of March."""

    def write(market: Market) -> None:
        market.add(
            "instagram__discovered_media", connection_id=INSTAGRAM, media_id=post,
            username="ana.ig", caption="new", media_product_type="FEED",
            timestamp=utc("2026-03-01 12:00"), like_count=likes, comments_count=1,
            window_start=utc(f"2026-03-{day:02} 05:00"),
            captured_at=utc(f"2026-03-{day:02} 09:00"),
        )  # fmt: skip

    return write


def march(day: int) -> dt.date:
    return dt.date(2026, 3, day)


def test_a_late_snapshot_is_compared_with_the_one_before_it(
    clean_warehouse: Any, tmp_path: Path
) -> None:
    """It is read though it is older than all that the run loads; the next one is compared anew."""
    build = Build(clean_warehouse, tmp_path)
    first = (seen("ended", 2, 10), seen("running", 3, 100), seen("running", 5, 130))
    build.load(1, march(5), Market.plan, *first)
    build.open_run(1)
    build.dbt("build", *CHOSEN)
    build.publish_run()
    build.load(2, march(8), seen("running", 4, 110), seen("running", 8, 190), seen("new", 6, 7))
    build.open_run(2)
    build.dbt("build", *CHOSEN)

    assert build.rows(SNAPSHOTS) == [
        (march(3), None, 100, None),
        (march(4), march(3), 110, 10),
        (march(5), march(4), 130, 20),
        (march(8), march(5), 190, 60),
    ]
    assert build.rows(
        "select post_id, first_snapshot_date, last_snapshot_date from core.fct_post order by 1"
    ) == [
        ("ended", march(2), march(2)),
        ("new", march(6), march(6)),
        ("running", march(3), march(8)),
    ]
    # What was measured day by day is what one build of everything measures.
    incremental = build.contents(*FACTS)
    build.dbt("build", "--full-refresh", *CHOSEN)
    assert build.contents(*FACTS) == incremental


def test_posts_are_read_whole_where_their_first_day_is_unknown(
    clean_warehouse: Any, tmp_path: Path
) -> None:
    """Somebody dropped the table of posts: numbers are compared with older ones all the same."""
    build = Build(clean_warehouse, tmp_path)
    build.load(1, march(5), Market.plan, seen("running", 3, 100))
    build.open_run(1)
    build.dbt("build", *CHOSEN)
    build.publish_run()
    with psycopg.connect(clean_warehouse.dsn("transformer")) as connection:
        connection.execute("drop table core.fct_post cascade")
    build.load(2, march(8), seen("running", 5, 130))
    build.open_run(2)
    build.dbt("build", *CHOSEN)
    assert build.rows(SNAPSHOTS) == [
        (march(3), None, 100, None),
        (march(5), march(3), 130, 30),
    ]
