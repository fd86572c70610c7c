"""Evidence beyond the shop's journey: event export, survey answers, in-app orders; and paths."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hand_made_market import Market, utc
from in_process_dbt import run_dbt

OWN_SITE, OTHER_SITE, BLOG = "www.spring.example", "www.autumn.example", "blog.example"
OTHER_SHOP = "shopify__second"
NO_TESTS = ("--exclude-resource-type", "unit_test", "test")


def event(market: Market, visitor: str, session: int, at: str, name: str, **values: Any) -> None:
    """One event of the export; `creator` puts the creator's link on it."""
    creator = values.pop("creator", None)
    if creator:
        values |= {"collected_source": "instagram", "collected_medium": "influencer"}
        values |= {"collected_campaign": "Spring Launch", "collected_content": creator}
    moment = utc(at)
    market.add(
        "ga4_export__events",
        connection_id="ga4_export",
        event_date=moment.date(),
        event_key=f"{visitor}-{session}-{at}-{name}",
        event_timestamp=moment,
        event_name=name,
        user_pseudo_id=visitor,
        ga_session_id=session,
        **{"hostname": OWN_SITE} | values,
    )


def visits(market: Market) -> None:
    """Six visitors; two of them buy."""
    # Order 21: ana's link on day 1 (only the export saw it), bo's on day 4 (both saw it).
    event(market, "buyer", 1, "2026-03-01 12:00", "page_view", creator="ana")
    event(market, "buyer", 2, "2026-03-04 12:00", "page_view", creator="bo")
    event(
        market, "buyer", 3, "2026-03-06 12:00", "purchase", ecommerce_transaction_id="#21",
        session_source="instagram", session_campaign="Spring Launch", session_content="bo",
    )  # fmt: skip
    market.order(21, "2026-03-06 12:05", "50.00")
    market.link_visit(21, "v1", "2026-03-04 12:10", "bo", utm_campaign="Spring Launch")
    # Touched on 2 March, never bought: lost on 1 April, when 30 days are over.
    event(market, "lost", 1, "2026-03-01 12:00", "page_view", creator="ana")
    event(market, "lost", 2, "2026-03-02 12:00", "page_view", collected_source="newsletter")
    event(market, "lost", 3, "2026-03-02 13:00", "page_view")
    # Came back after more than a look-back: one journey lost, the newer one open.
    event(market, "returning", 1, "2026-03-01 12:00", "page_view", creator="bo")
    event(market, "returning", 2, "2026-04-02 12:00", "page_view", creator="cy")
    # Buys twice: the second journey begins anew, direct alone stays.
    event(market, "regular", 1, "2026-03-07 12:00", "purchase", ecommerce_transaction_id="x1")
    event(market, "regular", 2, "2026-03-08 12:00", "purchase", ecommerce_transaction_id="x2")
    # Without consent there is no visitor.
    market.add(
        "ga4_export__events", connection_id="ga4_export", event_date=dt.date(2026, 3, 1),
        event_key="nobody", event_timestamp=utc("2026-03-01 12:00"), event_name="page_view",
        user_pseudo_id=None, ga_session_id=None,
    )  # fmt: skip


def second_shop(market: Market) -> None:
    """Another brand's shop and campaign in the same property, on a host of its own."""
    key = {"connection_id": "campaign_plan", "campaign_id": "autumn"}
    market.add(
        "campaign_plan__campaigns", **key, plan_version="1", campaign_name="Autumn",
        brand_name="Other brand", shop_connection_id=OTHER_SHOP, start_date=dt.date(2026, 3, 1),
        end_date=dt.date(2026, 4, 30), reporting_timezone="America/New_York", currency_code="USD",
        utm_campaign="autumn", lookback_days=30, default_attribution_model="linear",
        default_rule_version="all",
    )  # fmt: skip
    market.add(
        "shopify__shop", connection_id=OTHER_SHOP, shop_id="2", name="Other", currency_code="USD",
        iana_timezone="America/New_York", window_start=utc("2026-03-01 05:00"),
    )  # fmt: skip
    second_order(market, 71, "2026-03-10 12:00", OTHER_SITE)
    newsletter = {"collected_source": "newsletter"}
    event(
        market, "elsewhere", 1, "2026-03-03 12:00", "page_view", hostname=OTHER_SITE, **newsletter
    )
    # Nobody buys on the blog: its reader may be in either shop.
    event(market, "reader", 1, "2026-03-03 12:00", "page_view", hostname=BLOG, creator="bo")


def second_order(market: Market, number: int, at: str, hostname: str) -> None:
    """An order of the other shop whose purchase the export saw on a host."""
    market.add(
        "shopify__orders", connection_id=OTHER_SHOP, order_id=str(number), name=f"#{number}",
        created_at=utc(at), updated_at=utc(at), processed_at=utc(at), currency_code="USD",
        test=False, display_financial_status="PAID",
    )  # fmt: skip
    event(
        market, f"second{number}", 1, at, "purchase", hostname=hostname,
        ecommerce_transaction_id=f"#{number}",
    )  # fmt: skip


def unreported(market: Market) -> None:
    """A customer of two orders; of the second GA4 was not told, yet the visit is not lost."""
    for number, at in ((41, "2026-03-03 12:00"), (42, "2026-03-05 12:00")):
        market.order(number, at, "30.00", customer_id="7001000000000")
    event(
        market, "known", 1, "2026-03-03 12:00", "purchase", ecommerce_transaction_id="#41",
        collected_source="newsletter",
    )  # fmt: skip
    event(market, "known", 2, "2026-03-04 12:00", "page_view", creator="cy")


def answers(market: Market) -> None:
    """Orders 31-36 and what their customers answered."""
    said = {
        31: {"creator_handle": "@Ana.IG", "platform": "instagram"},
        32: {"answer": "I saw it at Bo, I think!"},
        33: {"answer": "Ana or bo"},
        34: {"discount_code": "cy15"},
        35: {"answer": "a friend"},
    }
    for number, answer in said.items():
        market.order(number, "2026-03-09 12:00", "20.00")
        market.add(
            "files__post_purchase_survey", connection_id="files", response_id=str(number),
            submitted_at=utc("2026-03-09 12:30"), order_name=f"#{number}", **answer,
        )  # fmt: skip
    # An answer joins the visit of the same creator; the link is not as the plan writes it.
    market.order(36, "2026-03-09 12:00", "20.00")
    market.link_visit(36, "v1", "2026-03-08 12:00", "ANA", utm_campaign="spring+launch")
    market.add(
        "files__post_purchase_survey", connection_id="files", response_id="36",
        submitted_at=utc("2026-03-09 12:30"), order_name="36", creator_handle="ana.ig",
    )  # fmt: skip
    market.order(37, "2026-03-09 12:00", "20.00", codes=("ANA15",))
    market.order(38, "2026-03-09 12:00", "20.00", source_name="tiktok")
    # The day the paths stand for.
    market.order(39, "2026-04-05 12:00", "20.00")
    market.discovered_post("bo.ig", "post_bo", "2026-03-05 12:00", "2026-03-12")
    market.discovered_post("cy.ig", "post_cy", "2026-03-05 12:00", "2026-03-12")
    market.discovered_post("cy.ig", "post_cy_again", "2026-03-20 12:00", "2026-03-27")
    market.own_post("post_ana", "2026-03-02 12:00", "2026-03-09")


class Built:
    """A warehouse that dbt has built."""

    def __init__(self, warehouse: Any, target: Path) -> None:
        self.warehouse, self.target = warehouse, target

    def load(self, load_id: int, source: str, *writers: Any) -> None:
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            market = Market(connection, load_id)
            market.record_load(source, "orders", dt.date(2026, 4, 5))
            for write in writers:
                write(market)

    def dbt(self, *arguments: str) -> None:
        run_dbt(
            self.warehouse,
            ["build", "--exclude", "path:models/marts", *NO_TESTS, *arguments],
            self.target,
        )

    def measure(self, load_id: int, day: str) -> None:
        """Build what a load changes in a run of its own."""
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            connection.execute(
                "insert into quality.measure_runs (day, as_of_date, run_id, sources_present) "
                "values (%s, %s, %s, '{ga4_export}')",
                [day, day, f"load {load_id}"],
            )
            connection.execute(
                "insert into quality.measure_run_loads select max(measure_run_id), %s "
                "from quality.measure_runs",
                [load_id],
            )
        self.dbt()
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            connection.execute("update quality.measure_runs set status = 'published'")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.warehouse.dsn("transformer")) as connection:
            return connection.execute(query.encode()).fetchall()

    def touches(self, number: int) -> list[tuple[Any, ...]]:
        return self.rows(
            "select channel, evidence_type, evidence_types, match_quality "
            f"from core.fct_touchpoint where order_id = '{9_000_000_000 + number}' "
            "and rule_version = 'all' and is_in_path order by touch_number"
        )


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt_evidence")


@pytest.fixture(scope="module")
def built(warehouse: Any, target: Path) -> Iterator[Built]:
    warehouse.reset()
    made = Built(warehouse, target)
    made.load(
        1, "shopify", Market.plan, Market.shop, visits, second_shop, unreported, answers
    )  # fmt: skip
    made.dbt()
    yield made
    warehouse.reset()


def test_a_visit_two_sources_report_is_one_touch(built: Built) -> None:
    """The session of the purchase inherited bo from GA4: direct, so it leaves the path."""
    assert built.touches(21) == [
        ("ana", "ga4_event", "ga4_event", "exact"),
        ("bo", "utm_link", "utm_link,ga4_event", "exact"),
    ]


def test_a_survey_names_a_creator_by_handle_name_or_code(built: Built) -> None:
    assert built.touches(31) == [("ana", "survey", "survey", "normalised")]
    assert built.touches(32) == [("bo", "survey", "survey", "fuzzy")]
    assert built.touches(34) == [("cy", "survey", "survey", "normalised")]
    # Two names and a friend name nobody.
    assert built.touches(33) == built.touches(35) == []


def test_an_answer_joins_the_visit_of_its_creator(built: Built) -> None:
    assert built.touches(36) == [("ana", "utm_link", "utm_link,survey", "normalised")]
    assert built.touches(37) == [("ana", "discount_code", "discount_code", "exact")]


def test_an_order_in_an_app_names_the_platform_only(built: Built) -> None:
    assert built.touches(38) == [("social", "in_app_shop", "in_app_shop", "exact")]


def test_journeys_convert_are_lost_or_open(built: Built) -> None:
    rows = built.rows(
        "select channel_path, path_status, path_date::text, transaction_key "
        "from intermediate.int_visitor_paths order by path_date, channel_path"
    )
    assert rows == [
        ("email", "converting", "2026-03-03", "41"),
        ("cy", "converting", "2026-03-05", None),
        ("ana > bo", "converting", "2026-03-06", "21"),
        ("direct", "converting", "2026-03-07", "x1"),
        ("direct", "converting", "2026-03-08", "x2"),
        ("direct", "converting", "2026-03-10", "71"),
        ("bo", "null", "2026-03-31", None),
        ("ana > email", "null", "2026-04-01", None),
        ("bo", "null", "2026-04-02", None),
        ("email", "null", "2026-04-02", None),
        ("cy", "open", "2026-05-02", None),
    ]


SUMMARY = (
    "select campaign_id, week_start_date::text, channel_path, conversion_count, null_count, "
    "net_revenue_amount::float8, squared_net_revenue_amount::float8 "
    "from intermediate.int_path_summary order by 1, 2, 3"
)


def test_the_summary_holds_orders_and_lost_journeys_by_week(built: Built) -> None:
    """Code and survey orders (31, 32, 34, 37, 38) have no dated touch: outside the chain.

    A lost journey counts where its visitor was: in one shop, in the other, or in either.
    """
    assert built.rows(SUMMARY) == [
        ("autumn", "2026-03-30", "bo", 0, 1, 0.0, 0.0),
        ("autumn", "2026-03-30", "email", 0, 1, 0.0, 0.0),
        ("spring", "2026-03-02", "ana > bo", 1, 0, 50.0, 2500.0),
        ("spring", "2026-03-02", "email", 1, 0, 30.0, 900.0),
        ("spring", "2026-03-02", "email > cy", 1, 0, 30.0, 900.0),
        ("spring", "2026-03-09", "ana", 1, 0, 20.0, 400.0),
        ("spring", "2026-03-30", "ana > email", 0, 1, 0.0, 0.0),
        ("spring", "2026-03-30", "bo", 0, 2, 0.0, 0.0),
    ]


def test_the_transitions_are_the_steps_of_the_summary(built: Built) -> None:
    rows = built.rows(
        "select from_state, to_state, sum(transition_count)::int "
        "from intermediate.int_path_transitions group by 1, 2 order by 1, 2"
    )
    assert rows == [
        ("(start)", "ana", 3),
        ("(start)", "bo", 3),
        ("(start)", "email", 3),
        ("ana", "(conversion)", 1),
        ("ana", "bo", 1),
        ("ana", "email", 1),
        ("bo", "(conversion)", 1),
        ("bo", "(null)", 3),
        ("cy", "(conversion)", 1),
        ("email", "(conversion)", 1),
        ("email", "(null)", 2),
        ("email", "cy", 1),
    ]


def test_late_sessions_and_answers_rebuild_what_they_touch(built: Built) -> None:
    """The lost visitor comes back within the look-back and buys; order 39's customer answers.

    A first purchase on the blog says whose it is.
    """

    def late(market: Market) -> None:
        event(
            market, "lost", 4, "2026-03-30 12:00", "purchase", ecommerce_transaction_id="#39",
            collected_source="google", collected_medium="organic",
        )  # fmt: skip
        market.add(
            "files__post_purchase_survey", connection_id="files", response_id="39",
            submitted_at=utc("2026-04-05 12:30"),
            order_name="#39", creator_handle="cy.ig",
        )  # fmt: skip
        second_order(market, 72, "2026-04-04 12:00", BLOG)

    built.load(2, "ga4_export", late)
    built.measure(2, "2026-04-05")
    tables = (
        "core.fct_touchpoint",
        "core.fct_attribution_credit",
        "intermediate.int_path_summary",
        "intermediate.int_export_sessions",
    )
    contents = [sorted(built.rows(f"select t::text from {table} as t")) for table in tables]
    assert built.touches(39) == [("cy", "survey", "survey", "normalised")]
    lost = [row for row in built.rows(SUMMARY) if row[1] == "2026-03-30" and row[4] > 0]
    assert lost == [
        ("autumn", "2026-03-30", "bo", 0, 1, 0.0, 0.0),
        ("autumn", "2026-03-30", "email", 0, 1, 0.0, 0.0),
        ("spring", "2026-03-30", "bo", 0, 1, 0.0, 0.0),
    ]
    built.dbt("--full-refresh")
    assert [sorted(built.rows(f"select t::text from {table} as t")) for table in tables] == contents


def test_a_withdrawn_purchase_parts_a_browser_from_orders_of_long_ago(built: Built) -> None:
    """A purchase of July says whose a browser is; in March that customer ordered unseen by GA4.

    Then GA4 takes the purchase back: what the browser saw in March is a lost journey after all.
    """

    def july(market: Market) -> None:
        market.order(79, "2026-03-12 12:00", "30.00", customer_id="7002000000000")
        market.order(80, "2026-07-10 12:00", "30.00", customer_id="7002000000000")
        event(market, "returned", 1, "2026-03-10 12:00", "page_view", creator="ana")
        event(
            market, "returned", 2, "2026-07-10 12:00", "purchase", ecommerce_transaction_id="#80"
        )  # fmt: skip

    lost_in_april = (
        f"select channel_path, null_count from ({SUMMARY}) as summary "
        "where campaign_id = 'spring' and week_start_date = '2026-04-06'"
    )
    built.load(3, "ga4_export", july)
    built.measure(3, "2026-07-12")
    assert built.rows(lost_in_april) == []
    with psycopg.connect(built.warehouse.admin_dsn) as connection:
        connection.execute(
            "delete from raw.ga4_export__events"
            " where user_pseudo_id = 'returned' and event_name = 'purchase'"
        )
        Market(connection, 4).record_load("ga4_export", "events", dt.date(2026, 7, 10), deleted=1)
    built.measure(4, "2026-07-13")
    assert built.rows(lost_in_april) == [("ana", 1)]
