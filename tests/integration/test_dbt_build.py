"""The dbt project on a real Postgres: touches, tie-out, incremental builds, its own tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hand_made_build import FACTS, NO_MARTS, NO_TESTS, NO_UNIT_TESTS, Build, differing
from hand_made_market import Market, first_orders, later_orders, report, utc
from semantic_metrics import SemanticLayer

CREDIT = "core.fct_attribution_credit"
BY_CREATOR = ("campaign", "creator")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One target folder for the module."""
    return tmp_path_factory.mktemp("dbt_build")


@pytest.fixture
def build(clean_warehouse: Any, target: Path) -> Build:
    return Build(clean_warehouse, target)


@pytest.fixture(scope="module")
def built(warehouse: Any, target: Path) -> Iterator[Build]:
    """All hand-made orders, built by hand (no open run: every load counts)."""
    warehouse.reset()
    build = Build(warehouse, target)
    build.load(1, dt.date(2026, 3, 5), Market.plan, Market.shop, first_orders, later_orders, report)
    build.dbt("build", *NO_UNIT_TESTS)
    yield build
    warehouse.reset()


@pytest.fixture(scope="module")
def first_run(warehouse: Any, target: Path) -> Iterator[str]:
    """A copy of the warehouse after one run over all hand-made orders, by its name."""
    warehouse.reset()
    build = Build(warehouse, target)
    build.load(1, dt.date(2026, 3, 5), Market.plan, Market.shop, first_orders, later_orders, report)
    build.measure(1, chosen=(*NO_TESTS, *NO_MARTS))
    yield warehouse.keep("first_run")
    warehouse.forget("first_run")


@pytest.fixture
def measured(warehouse: Any, first_run: str, target: Path) -> Build:
    """All hand-made orders, measured by one run; `built` has checked what dbt makes of them."""
    warehouse.bring_back(first_run)
    return Build(warehouse, target)


def path_of(build: Build, number: int, rule_version: str = "all") -> list[tuple[Any, ...]]:
    """Touches of an order: channel, evidence, why it was dropped; in the path's order."""
    return build.rows(
        "select channel, evidence_types, dropped_reason from core.fct_touchpoint "
        f"where order_id = '{9_000_000_000 + number}' and rule_version = '{rule_version}' "
        "order by touch_number, touched_at, touch_id"
    )


def test_link_and_code_of_one_creator_are_one_touch_and_direct_leaves(built: Build) -> None:
    assert path_of(built, 1) == [
        ("ana", "utm_link,discount_code", None),
        ("email", "", None),
        ("direct", "", "direct_beside_others"),
    ]


def test_the_window_is_closed_at_both_ends_to_the_second(built: Build) -> None:
    assert path_of(built, 2) == [
        ("ana", "utm_link", None),
        ("bo", "utm_link", "outside_lookback"),
        ("cy", "utm_link", "outside_lookback"),
    ]


def test_a_code_alone_is_dated_by_the_creators_last_live_post(built: Build) -> None:
    assert path_of(built, 3) == [("bo", "discount_code", None)]
    (row,) = built.rows(
        "select touched_at, anchored_at, is_dated, evidence_rank from core.fct_touchpoint "
        "where order_id = '9000000003' and rule_version = 'all'"
    )
    assert row == (utc("2026-03-10 17:00"), utc("2026-03-05 12:00"), False, 30)


def test_without_a_known_post_a_code_is_dated_by_its_start(built: Build) -> None:
    assert path_of(built, 4) == [("cy", "discount_code", "outside_lookback")]
    credited = built.rows(
        "select channel_type, linear_amount from core.fct_attribution_credit "
        "where order_id = '9000000004' and rule_version = 'all'"
    )
    assert credited == [("unattributed", Decimal("20.00"))]


def test_ga4_joins_an_order_by_id_or_name_and_a_visit_of_its_creator(built: Build) -> None:
    assert path_of(built, 5) == [("ana", "ga4_session", None)]
    assert path_of(built, 6) == [("ana", "landing_page,ga4_session", None)]
    assert path_of(built, 8) == []


def test_two_codes_are_two_touches_and_cents_add_up(built: Build) -> None:
    assert path_of(built, 7) == [("ana", "discount_code", None), ("bo", "discount_code", None)]
    cents = built.rows(
        "select linear_amount, linear_share from core.fct_attribution_credit "
        "where order_id = '9000000007' and rule_version = 'all' order by touch_number"
    )
    assert cents == [(Decimal("5.01"), Decimal("0.5")), (Decimal("5.00"), Decimal("0.5"))]


def test_a_reused_code_belongs_to_its_owner_of_the_shops_day(built: Build) -> None:
    assert [path_of(built, number)[0][0] for number in (9, 10)] == ["ana", "bo"]


def test_direct_alone_takes_the_order(built: Build) -> None:
    assert path_of(built, 11) == [("direct", "", None), ("direct", "", None)]


def test_the_four_channels_are_the_shops_own_report(built: Build) -> None:
    rows = built.rows(
        "select order_date, shop_net_sales_amount, attributed_amount, other_channel_amount, "
        "direct_amount, unattributed_amount, difference_amount, shop_sales_source "
        "from marts_next.mart_attribution_reconciliation "
        "where attribution_model = 'linear' order by order_date"
    )
    expected = {
        "2026-03-05": ("100.00", "50.00", "50.00", "0.00", "0.00"),
        "2026-03-06": ("40.00", "40.00", "0.00", "0.00", "0.00"),
        "2026-03-10": ("45.00", "45.00", "0.00", "0.00", "0.00"),
        "2026-03-11": ("25.00", "25.00", "0.00", "0.00", "0.00"),
        "2026-03-12": ("180.00", "110.00", "0.00", "70.00", "0.00"),
        "2026-03-13": ("100.01", "10.01", "0.00", "0.00", "90.00"),
        "2026-03-14": ("20.00", "0.00", "0.00", "0.00", "20.00"),
    }
    assert rows == [
        (dt.date.fromisoformat(day), *map(Decimal, amounts), Decimal("0.00"), "shop_report")
        for day, amounts in expected.items()
    ]


def test_without_the_report_the_order_headers_stand_in(built: Build) -> None:
    """The report tells every day, so no header is added up; without it all are, to its sums."""
    headers = "select order_date, net_sales_amount from intermediate.int_header_sales order by 1"
    report_sums = built.rows(
        "select report_date, net_sales_amount from staging.stg_shopify__daily_sales order by 1"
    )
    assert report_sums
    assert built.rows(headers) == []
    with psycopg.connect(built.warehouse.admin_dsn) as connection:
        connection.execute("delete from raw.shopify__daily_sales")
        assert connection.execute(headers.encode()).fetchall() == report_sums
        connection.rollback()


def test_every_creator_with_a_cost_is_in_the_scorecard(built: Build) -> None:
    """ana: half of 1, 2, 5, 6, half of 7, 9. bo: 3, half of 7, 10. cy sold nothing.

    ana 50 + 40 + 50 + 60 + 5.01 + 15 = 220.01; bo 30 + 5.00 + 25 = 60.00.
    """
    rows = built.rows(
        "select creator_id, credited_order_count, net_revenue_amount, cost_amount, roas, cpa, "
        "live_piece_count, unverifiable_piece_count "
        "from marts_next.mart_creator_scorecard order by creator_id"
    )
    six = Decimal("0.000001")
    assert rows == [
        # The feed posts of ana and bo are live, their reels are not: product and half the fee.
        ("ana", Decimal(5), Decimal("220.01"), Decimal(70), (Decimal("220.01") / 70).quantize(six),
         Decimal(14), 1, 0),
        ("bo", Decimal("2.5"), Decimal("60.00"), Decimal(70), (Decimal(60) / 70).quantize(six),
         Decimal(28), 1, 0),
        # Nobody can see cy's account: both pieces are taken as live on their days.
        ("cy", Decimal(0), Decimal(0), Decimal(120), Decimal(0), None, 0, 2),
    ]  # fmt: skip


def test_posts_are_measured_through_their_richest_path(built: Build) -> None:
    rows = built.rows(
        "select post_id, access_path, er_by_reach, er_by_views, er_basic_by_views, "
        "has_hashtag, has_code, has_mention, views_day7_count "
        "from marts_next.mart_content_performance order by post_id"
    )
    reach, views, basic = Decimal("0.115"), Decimal("0.0625"), Decimal("0.05")
    assert rows == [
        ("post_ana", "own_account", reach, views, basic, False, True, True, 2000),
        ("post_bo", "business_discovery", None, None, Decimal("0.055"), True, False, False, 2000),
    ]


def test_every_metric_of_the_semantic_models_is_the_marts_column(built: Build) -> None:
    """Each is computed from its definition and compared with the mart, creator by creator."""
    layer = SemanticLayer(built.target / "manifest.json", built.warehouse.dsn("transformer"))
    last_day = built.rows("select last_day from intermediate.int_measure_run_facts")[0][0]
    compared = set()
    for name, metric in layer.metrics.items():
        meta = metric["config"]["meta"]
        if meta["mart"] != "mart_creator_scorecard":
            continue
        computed = layer.compute(name, BY_CREATOR, last_day)
        shown = built.rows(
            f"select campaign_id, creator_id, {meta['column']} from marts_next.{meta['mart']}"
        )
        nothing = layer.without_rows(name)
        expected = {(c, k): computed.get((c, k), nothing) for c, k, _ in shown}
        rounded = {k: None if v is None else round(v, 6) for k, v in expected.items()}
        assert {(c, k): v for c, k, v in shown} == rounded, name
        assert any(rounded.values()) or name.startswith(("engaged", "cvr", "session")), name
        compared.add(name)
    assert compared == layer.metrics.keys() - {"shop_order_count", "shop_net_amount"}


def test_metrics_of_the_shop_are_the_tie_outs(built: Build) -> None:
    layer = SemanticLayer(built.target / "manifest.json", built.warehouse.dsn("transformer"))
    last_day = dt.date(2100, 1, 1)
    orders = layer.compute("shop_order_count", ("shop",), last_day)
    shown = built.rows(
        "select connection_id, sum(order_count) from marts_next.mart_tracking_coverage group by 1"
    )
    assert dict(orders) == {(shop,): count for shop, count in shown}
    net = layer.compute("shop_net_amount", ("shop",), last_day)
    tied = built.rows(
        "select connection_id, sum(warehouse_net_amount)"
        " from marts_next.mart_attribution_reconciliation"
        " where attribution_model = 'linear' and rule_version = 'all' group by 1"
    )
    assert net == {(shop,): amount for shop, amount in tied}


def test_a_second_build_changes_nothing(built: Build) -> None:
    before = built.contents()
    built.dbt("build", *NO_TESTS)
    assert built.contents() == before


def test_the_projects_own_unit_tests(built: Build) -> None:
    built.dbt("test", "--select", "test_type:unit")


def test_the_key_of_a_campaigns_estimates_is_that_of_its_credits(built: Build) -> None:
    """By rows, not days: each kept credit of a creator, and each path of several touches once."""
    keys = built.rows(
        "select campaign_id, sum(own_hash), sum(path_hash) "
        "from intermediate.int_credit_keys_summed group by 1 order by 1"
    )
    expected = built.rows(
        """
        with own as (
            select credits.*, hash_record_extended(credits, 0) as hash
            from core.fct_attribution_credit as credits
            inner join core.dim_campaign as campaigns
                on credits.campaign_id = campaigns.campaign_id
                and credits.rule_version = campaigns.default_rule_version
            where credits.channel_type = 'creator' and credits.order_class = 'kept'
        )

        select own.campaign_id, sum(own.hash), (
            select sum(hash_record_extended(touches, 0))
            from core.fct_attribution_credit as touches
            where touches.touch_count > 1 and exists (
                select from own as theirs
                where theirs.campaign_id = own.campaign_id and theirs.touch_count > 1
                    and theirs.order_id = touches.order_id
                    and theirs.rule_version = touches.rule_version
            )
        )
        from own group by own.campaign_id order by 1
        """
    )
    assert keys == expected
    assert all(own and paths for _, own, paths in keys)


@pytest.mark.long
@pytest.mark.parametrize("order", [("first", "later"), ("later", "first")], ids="-".join)
def test_the_order_of_days_is_irrelevant(build: Build, order: tuple[str, str]) -> None:
    """Two runs of one load each, either way round, equal one build of everything."""
    writers = {"first": (first_orders,), "later": (later_orders, report)}
    build.load(1, dt.date(2026, 3, 5), Market.plan, Market.shop, *writers[order[0]])
    build.measure(1, chosen=(*NO_TESTS, *NO_MARTS))
    build.load(2, dt.date(2026, 3, 5), *writers[order[1]])
    build.measure(2, chosen=(*NO_UNIT_TESTS, *NO_MARTS))
    incremental = build.contents(*FACTS)
    compared = [f"+{table.partition('.')[2]}" for table in FACTS]
    build.dbt("build", "--full-refresh", "--select", *compared, *NO_TESTS)
    # Only which load first saw a post may differ by what was measured when: it does not here.
    assert differing(incremental, build.contents(*FACTS)) == []


def test_a_run_estimates_every_creator(measured: Build) -> None:
    for table in ("analysis.creator_estimates", "analysis.rate_estimates"):
        found = measured.rows(f"select distinct creator_id, solve_id from {table} order by 1")
        assert found == [("ana", "run-1"), ("bo", "run-1"), ("cy", "run-1")], table


def test_a_late_refund_changes_only_its_order(measured: Build) -> None:
    untouched = (
        "select order_id, xmin::text from core.fct_attribution_credit "
        "where order_id <> '9000000001'"
    )
    before = sorted(measured.rows(untouched))

    def refund(market: Market) -> None:
        market.sale(1, "refund", "2026-03-20 17:00", "-30.01", "REFUND")
        market.connection.execute(
            "update raw.shopify__orders set _load_id = 2 where order_id = '9000000001'"
        )

    measured.load(2, dt.date(2026, 3, 20), refund)
    measured.measure(2, day=dt.date(2026, 3, 20))
    assert sorted(measured.rows(untouched)) == before
    assert measured.rows(
        "select channel, conversion_count, linear_amount from core.fct_attribution_credit "
        "where order_id = '9000000001' and event_date = '2026-03-20' and rule_version = 'all' "
        "order by touch_number"
    ) == [("ana", 0, Decimal("-15.01")), ("email", 0, Decimal("-15.00"))]
    # The second run knows the first: nothing of the days before the 15th changed under linear.
    assert measured.rows(
        "select creator_id, metric_date, cause, order_count, net_revenue_difference_amount "
        "from analysis.restatements where attribution_model = 'linear'"
    ) == [("ana", dt.date(2026, 3, 20), "refund", 1, Decimal("-15.01"))]


def test_a_changed_plan_moves_every_order_to_the_new_owner(measured: Build) -> None:
    assert path_of(measured, 3)[0][0] == "bo"

    def hand_over(market: Market) -> None:
        market.connection.execute(
            "update raw.campaign_plan__codes set creator_id = 'ana' where code = 'BO15'"
        )
        market.connection.execute("update raw.campaign_plan__plan_versions set _load_id = 2")

    measured.load(2, dt.date(2026, 3, 14), hand_over)
    measured.measure(2, chosen=(*NO_UNIT_TESTS, *NO_MARTS))
    assert path_of(measured, 3) == [("ana", "discount_code", None)]
    assert path_of(measured, 7) == [("ana", "discount_code", None)]
    # Order 3 (30.00) and bo's half of order 7 (5.00) went over.
    assert measured.rows(
        "select creator_id, cause, sum(net_revenue_difference_amount) from analysis.restatements "
        "where attribution_model = 'linear' group by 1, 2 order by 1"
    ) == [("ana", "plan_change", Decimal("35.00")), ("bo", "plan_change", Decimal("-35.00"))]


def test_a_changed_setting_rebuilds_every_order(measured: Build, tmp_path: Path) -> None:
    """A half-life of one day, a code for staff: incremental equals full under the new settings."""
    before = measured.contents(CREDIT)
    # Other variables are another parse: in a folder of its own it leaves the module's alone.
    build = Build(measured.warehouse, tmp_path)
    settings = "{half_life_days: 1, staff_discount_codes: [' bo15']}"
    changed = ("--vars", settings, *NO_MARTS)
    build.dbt("run", "--select", "+int_attribution_settings", *changed)
    incremental = build.contents(CREDIT)
    assert incremental != before
    staff = build.rows("select order_id from core.fct_order where order_class = 'staff' order by 1")
    assert staff == [("9000000003",), ("9000000007",)]
    build.dbt("run", "--full-refresh", "--select", "+int_attribution_settings", *changed)
    assert build.contents(CREDIT) == incremental


def test_a_withdrawn_ga4_transaction_leaves_its_order(measured: Build) -> None:
    assert path_of(measured, 5) == [("ana", "ga4_session", None)]
    with psycopg.connect(measured.warehouse.admin_dsn) as connection:
        connection.execute("delete from raw.ga4__transactions where transaction_id = '9000000005'")
        Market(connection, 2).record_load("ga4", "transactions", dt.date(2026, 3, 14), deleted=1)
    measured.measure(2, chosen=(*NO_UNIT_TESTS, *NO_MARTS))
    assert path_of(measured, 5) == []
