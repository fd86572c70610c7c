"""The demo's path on the campaign's last days: real APIs over HTTP, Postgres, dbt, GX, Airflow.

The sandbox runs in a process of its own, so the pipeline sees nothing of it but HTTP answers.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from finished_demo import FinishedDemo, finished_demo

from include.demo import run_instant
from include.sandbox.installation import read_installation
from include.sandbox.world import Market
from include.services.credentials import NAMES
from include.sources.woocommerce.sandbox_orders import status_of

DAYS = 9


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, free_ports: Any) -> Iterator[FinishedDemo]:
    with finished_demo(tmp_path_factory.mktemp("demo") / "data", free_ports, DAYS) as demo:
        yield demo


def test_creators_other_direct_and_unattributed_make_the_shops_own_net_sales(
    demo: FinishedDemo,
) -> None:
    installation = read_installation(demo.data_dir)
    market = installation.build()
    last = installation.anchor
    days = [last - dt.timedelta(days=n) for n in range(DAYS)]
    now = run_instant(last, market.timezone.key)
    first = {row.day: row.net_sales for row in market.daily_sales_at(now)}
    second = second_shop_sales(market, now)
    expected = {("shopify", day): first[day] for day in days}
    expected |= {("woocommerce", day): second.get(day, Decimal(0)) for day in days}

    rows = demo.query(
        "bi_reader",
        """
        select connection_id, order_date, attribution_model,
            shop_net_sales_amount, shop_sales_source,
            attributed_amount + other_channel_amount + direct_amount + unattributed_amount
        from marts.mart_attribution_reconciliation
        """,
    )
    models = ("first_touch", "last_touch", "last_non_direct", "linear", "position_based")
    models += ("time_decay", "shapley", "rule_winner")
    assert {row[:3] for row in rows} == {(*key, model) for key in expected for model in models}
    for shop, day, model, net_sales, source, credited in rows:
        assert (net_sales, source) == (expected[shop, day], "shop_report"), (shop, day)
        assert credited == net_sales, (shop, day, model)
    assert any(row[3] > Decimal(1000) for row in rows)
    assert any(row[0] == "woocommerce" and row[3] > 0 for row in rows)


def second_shop_sales(market: Market, now: dt.datetime) -> dict[dt.date, Decimal]:
    """Add the second shop's own ledger up by day; what is not paid or cancelled is no sale."""
    sums: dict[dt.date, Decimal] = defaultdict(Decimal)
    for order in market.second_shop.orders_at(now):
        if status_of(order) not in ("failed", "pending", "cancelled"):
            for row in order.ledger:
                if row.line_type in ("PRODUCT", "ADJUSTMENT"):
                    day = row.happened_at.astimezone(market.timezone).date()
                    sums[day] += row.total_amount - row.tax
    return sums


def test_every_creator_with_a_cost_is_in_the_scorecard(demo: FinishedDemo) -> None:
    plan = read_installation(demo.data_dir).build().plan
    rows = demo.query(
        "bi_reader",
        "select creator_id, cost_amount, credited_order_count from marts.mart_creator_scorecard",
    )
    assert {row[0] for row in rows} == {creator.id for creator in plan.creators}
    assert len(rows) == 25
    assert any(orders == 0 for _, _, orders in rows), "zero-sale creators stay"
    assert all(cost > 0 for _, cost, _ in rows)


def test_a_promised_piece_is_the_post_that_was_made_for_it(demo: FinishedDemo) -> None:
    """The market knows; creators also post what is nobody's piece on the same days."""
    installation = read_installation(demo.data_dir)
    market = installation.build()
    made = {
        post.media_id: post.deliverable_id
        for post in market.posts_at(run_instant(installation.anchor, market.timezone.key))
    }
    rows = demo.query(
        "bi_reader",
        "select post_id, deliverable_id from marts.mart_deliverable_status "
        "where platform = 'instagram' and content_format <> 'story' and post_id is not null",
    )
    assert len(rows) > 20
    assert {post: piece for post, piece in rows if made.get(post) != piece} == {}


def test_the_scheduler_ran_the_last_day_and_published_it_once(demo: FinishedDemo) -> None:
    last = read_installation(demo.data_dir).anchor
    runs = demo.query(
        "loader", f"select distinct run_id from quality.load_windows where partition_key = '{last}'"
    )
    assert runs
    assert all(run_id != "demo" for (run_id,) in runs), "Airflow's own run ids"
    published = demo.query(
        "loader", f"select status from quality.measure_runs where day = '{last}'"
    )
    assert published == [("published",)]


def test_airflow_runs_dbt_on_the_parse_that_was_there(demo: FinishedDemo) -> None:
    logs = list((demo.data_dir / "logs").rglob("task_id=build_*/*.log"))
    told = {path: path.read_text(encoding="utf-8") for path in logs}
    ran = {path.parent.name for path, text in told.items() if "Running with dbt" in text}
    groups = ("build_core", "build_marts")
    tasks = ("dbt_producer_watcher", "dbt_project_test")
    assert ran >= {f"task_id={group}.{task}" for group in groups for task in tasks}
    # What dbt says before it parses all again, five seconds each time.
    assert not [path for path, text in told.items() if "partial parsing" in text]


def test_no_secret_is_in_a_log_or_a_landed_page(demo: FinishedDemo) -> None:
    installation = read_installation(demo.data_dir)
    secrets = [value for name in NAMES if len(value := getattr(demo.secrets, name)) >= 12] + list(
        _strings_of(installation.credentials)
    )
    needles = [secret.encode() for secret in secrets]
    files = [path for folder in ("logs", "landing") for path in (demo.data_dir / folder).rglob("*")]
    assert len(files) > 100
    for path in files:
        if path.is_file():
            content = _read(path)
            assert not [needle for needle in needles if needle in content], path


def test_a_second_run_continues_and_loads_nothing_again(demo: FinishedDemo) -> None:
    # Stories go on in windows of six hours, in a DAG that no day and no demo waits for.
    counts = """
        select (select count(*) from quality.load_windows where stream <> 'stories'),
            count(*) from quality.publications
    """
    before = demo.query("loader", counts)
    done = demo.run("include.demo", "--days", str(DAYS))
    assert done.returncode == 0, done.stderr
    assert demo.query("loader", counts) == before


def _strings_of(value: Any) -> Iterator[str]:
    """Yield the secret strings of the sandbox's credentials."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _strings_of(inner)
        elif any(word in key for word in ("token", "secret", "private_key")):
            yield inner


def _read(path: Path) -> bytes:
    import gzip

    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content
