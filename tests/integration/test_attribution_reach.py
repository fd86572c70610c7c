"""What evidence reaches: past every campaign, into one of two, and no rank by being seen twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hand_made_market import PLAN, SHOP, Market, utc
from in_process_dbt import run_dbt
from psycopg.types.json import Jsonb

BUILD = (
    "build", "--exclude", "path:models/marts", "--exclude-resource-type", "unit_test", "test",
)  # fmt: skip
EMAIL = {"utm_source": "newsletter", "utm_medium": "email"}


def long_reach(market: Market) -> None:
    """Codes of spring count for 60 days, links for 20; bo's contract is paid by `code_first`."""
    market.connection.execute(
        "update raw.campaign_plan__campaigns set lookback_days_by_evidence = %s",
        [Jsonb({"discount_code": 60, "utm_link": 20})],
    )
    # Posted 51 days before order 45; spring and its 30 days ended 10 days before.
    market.discovered_post("bo.ig", "post_bo", "2026-03-20 12:00", "2026-03-27")
    market.order(45, "2026-05-10 17:00", "40.00", codes=("BO15",))
    market.order(46, "2026-05-10 18:00", "50.00")
    market.visit(46, "v1", "2026-05-10 17:00", **EMAIL)
    # A link that stays good; one a second older than links count; cy's code, which is public.
    market.order(47, "2026-05-10 19:00", "60.00", codes=("ANA15",))
    market.link_visit(47, "v1", "2026-04-20 19:00", "ana")
    market.link_visit(47, "v2", "2026-04-20 18:59:59", "bo")
    market.discovered_post("cy.ig", "post_cy", "2026-03-20 12:00", "2026-03-27")
    market.connection.execute(
        "update raw.campaign_plan__codes set compromised_from = '2026-05-01' where code = 'CY15'"
    )
    market.order(48, "2026-05-10 20:00", "70.00", codes=("CY15",))


def seen_twice(market: Market) -> None:
    """Orders 51 and 52: bo's code, and an e-mail or a direct visit that GA4's export saw, too."""
    market.discovered_post("bo.ig", "post_bo_first", "2026-03-05 12:00", "2026-03-12")
    for number, visit in ((51, EMAIL), (52, {"source": "direct"})):
        market.order(number, "2026-03-10 17:00", "30.00", codes=("BO15",))
        market.visit(number, "v1", "2026-03-10 15:00", **visit)
        said = {"collected_source": "newsletter", "collected_medium": "email"}
        for at, name, values in (
            ("15:05", "page_view", said if number == 51 else {}),
            ("17:00", "purchase", {"ecommerce_transaction_id": f"#{number}"}),
        ):
            market.add(
                "ga4_export__events", connection_id="ga4_export", event_date=dt.date(2026, 3, 10),
                event_key=f"{number}-{name}", event_timestamp=utc(f"2026-03-10 {at}"),
                event_name=name, user_pseudo_id=f"visitor{number}", ga_session_id=1,
                hostname="www.spring.example", **values,
            )  # fmt: skip


def two_campaigns(market: Market) -> None:
    """ana is in `spring` and in `appeal`, July 2026; both times a customer names her."""
    key = {"connection_id": PLAN, "campaign_id": "appeal"}
    market.add(
        "campaign_plan__campaigns", **key, plan_version="1", campaign_name="Appeal",
        brand_name="Brand", shop_connection_id=SHOP, start_date=dt.date(2026, 7, 1),
        end_date=dt.date(2026, 7, 31), reporting_timezone="America/New_York",
        currency_code="USD", lookback_days=30, default_attribution_model="linear",
        default_rule_version="all",
    )  # fmt: skip
    market.add("campaign_plan__creators", **key, creator_id="ana", creator_name="Ana")
    market.add(
        "campaign_plan__creator_accounts", **key, creator_id="ana", platform="instagram",
        handle="@ana.ig", access_path="own_account",
    )  # fmt: skip
    for number, day in ((61, "2026-03-09"), (62, "2026-07-05")):
        market.order(number, f"{day} 12:00", "20.00")
        market.add(
            "files__post_purchase_survey", connection_id="files", response_id=str(number),
            submitted_at=utc(f"{day} 12:30"), order_name=f"#{number}", creator_handle="@ana.ig",
        )  # fmt: skip


@pytest.fixture(scope="module")
def built(warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    warehouse.reset()
    target: Path = tmp_path_factory.mktemp("dbt_reach")
    with psycopg.connect(warehouse.admin_dsn) as connection:
        market = Market(connection, 1)
        market.record_load("shopify", "orders", dt.date(2026, 7, 6))
        for write in (Market.plan, Market.shop, long_reach, seen_twice, two_campaigns):
            write(market)
    run_dbt(warehouse, [*BUILD], target)
    yield warehouse
    warehouse.reset()


def credited(warehouse: Any, number: int) -> dict[str, list[tuple[str, Decimal]]]:
    """By rule version: channels that share an order, with what linear gives them."""
    with psycopg.connect(warehouse.dsn("transformer")) as connection:
        rows = connection.execute(
            "select rule_version, channel, linear_amount from core.fct_attribution_credit "
            "where order_id = %s order by rule_version, channel",
            [str(9_000_000_000 + number)],
        ).fetchall()
    found: dict[str, list[tuple[str, Decimal]]] = {}
    for version, channel, amount in rows:
        found.setdefault(version, []).append((channel, amount))
    return found


def test_an_order_past_every_campaign_has_each_rule_version_where_a_creator_reaches_it(
    built: Any,
) -> None:
    """Paid by `code_first`, which knows the order as `all` does; nobody's order is told once."""
    whole = [("bo", Decimal("40.00"))]
    assert credited(built, 45) == {"all": whole, "code_first": whole, "link_first": whole}
    assert credited(built, 46) == {"all": [("email", Decimal("50.00"))]}


def test_a_link_reaches_its_own_look_back_to_the_second(built: Any) -> None:
    whole = [("ana", Decimal("60.00"))]
    assert credited(built, 47) == {"all": whole, "code_first": whole, "link_first": whole}
    # It carries ana's code, which is no touch of its own.
    with psycopg.connect(built.dsn("transformer")) as connection:
        touches = connection.execute(
            "select channel, evidence_types, dropped_reason from core.fct_touchpoint "
            "where order_id = '9000000047' and rule_version = 'all' order by channel"
        ).fetchall()
    assert touches == [
        ("ana", "utm_link,discount_code", None),
        ("bo", "utm_link", "outside_lookback"),
    ]


def test_a_public_code_reaches_as_far_as_codes_do(built: Any) -> None:
    """51 days after cy's post; links count for 20, the campaign's look-back is 30."""
    whole = [("cy", Decimal("70.00"))]
    assert credited(built, 48) == {"all": whole, "code_first": whole, "link_first": whole}


def test_another_channels_visit_ranks_alike_whether_one_or_two_sources_saw_it(built: Any) -> None:
    """A code before e-mail under both versions that rank; direct gives way to anything."""
    bo = [("bo", Decimal("30.00"))]
    halves = [("bo", Decimal("15.00")), ("email", Decimal("15.00"))]
    assert credited(built, 51) == {"all": halves, "code_first": bo, "link_first": bo}
    assert credited(built, 52) == {"all": bo, "code_first": bo, "link_first": bo}


def test_an_answer_names_the_creator_of_the_campaign_that_began_last(built: Any) -> None:
    with psycopg.connect(built.dsn("transformer")) as connection:
        rows = connection.execute(
            "select order_id, campaign_id, creator_id, is_in_path from core.fct_touchpoint "
            "where evidence_type = 'survey' and rule_version = 'all' order by order_id"
        ).fetchall()
    assert rows == [
        ("9000000061", "spring", "ana", True),
        ("9000000062", "appeal", "ana", True),
    ]


def carried_codes(market: Market) -> None:
    """Four orders of 25 March.

    71: ana's link 20 days before, her code at the till, bo's link two days. 72: the links of ana
    and bo, four and two days before. 73: ana's link 20 days before, her code and an answer that
    names her. 74: ana's link three days before, her code, bo's link a day before.
    """
    market.order(71, "2026-03-25 17:00", "60.00", codes=("ANA15",))
    market.link_visit(71, "v1", "2026-03-05 17:00", "ana")
    market.link_visit(71, "v2", "2026-03-23 17:00", "bo")
    market.order(72, "2026-03-25 18:00", "60.00")
    market.link_visit(72, "v1", "2026-03-21 18:00", "ana")
    market.link_visit(72, "v2", "2026-03-23 18:00", "bo")
    market.order(73, "2026-03-25 19:00", "60.00", codes=("ANA15",))
    market.link_visit(73, "v1", "2026-03-05 19:00", "ana")
    market.add(
        "files__post_purchase_survey", connection_id="files", response_id="73",
        submitted_at=utc("2026-03-25 19:30"), order_name="#73", creator_handle="@ana.ig",
    )  # fmt: skip
    market.order(74, "2026-03-25 20:00", "60.00", codes=("ANA15",))
    market.link_visit(74, "v1", "2026-03-22 20:00", "ana")
    market.link_visit(74, "v2", "2026-03-24 20:00", "bo")


@pytest.fixture(scope="module")
def ruled(warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Links and answers count for a week in the versions that rank, codes for 25 days under
    `link_first`, where the oldest wins.
    """
    warehouse.reset()
    target: Path = tmp_path_factory.mktemp("dbt_ruled")
    with psycopg.connect(warehouse.admin_dsn) as connection:
        market = Market(connection, 1)
        market.record_load("shopify", "orders", dt.date(2026, 3, 26))
        for write in (Market.plan, Market.shop, carried_codes):
            write(market)
    run_dbt(warehouse, ["seed"], target)
    with psycopg.connect(warehouse.admin_dsn) as connection:
        connection.execute(
            "update core.ref_precedence_rule set window_days = 7"
            " where evidence_type in ('utm_link', 'survey') and rule_version <> 'all'"
        )
        connection.execute(
            "update core.ref_precedence_rule set window_days = 25"
            " where evidence_type = 'discount_code' and rule_version = 'link_first'"
        )
        connection.execute(
            "update core.ref_precedence_rule set tie_break = 'oldest'"
            " where rule_version = 'link_first'"
        )
    run_dbt(warehouse, [*BUILD, "seed"], target)
    yield warehouse
    warehouse.reset()


def test_a_rules_window_ends_a_link_and_not_the_code_that_it_carries(ruled: Any) -> None:
    ana, bo = [("ana", Decimal("60.00"))], [("bo", Decimal("60.00"))]
    halves = [("ana", Decimal("30.00")), ("bo", Decimal("30.00"))]
    # The code is of first rank where codes go first, and behind bo's link where links do.
    assert credited(ruled, 71) == {"all": halves, "code_first": ana, "link_first": bo}
    assert credited(ruled, 72) == {"all": halves, "code_first": halves, "link_first": halves}


def test_what_a_link_carries_counts_for_the_longest_of_its_windows(ruled: Any) -> None:
    """After 20 days link and answer are over; the code has the plan's 30 days, or its own 25."""
    ana = [("ana", Decimal("60.00"))]
    assert credited(ruled, 73) == {"all": ana, "code_first": ana, "link_first": ana}


def test_a_link_with_a_code_ranks_as_the_better_of_both(ruled: Any) -> None:
    ana, bo = ("ana", Decimal("30.00")), ("bo", Decimal("30.00"))
    assert credited(ruled, 74) == {
        "all": [ana, bo],
        "code_first": [("ana", Decimal("60.00"))],
        "link_first": [ana, bo],
    }


def test_a_rules_tie_break_names_the_winner(ruled: Any) -> None:
    with psycopg.connect(ruled.dsn("transformer")) as connection:
        rows = connection.execute(
            "select rule_version, channel from core.fct_touchpoint "
            "where order_id = '9000000072' and is_winner order by rule_version"
        ).fetchall()
    assert rows == [("all", "bo"), ("code_first", "bo"), ("link_first", "ana")]
