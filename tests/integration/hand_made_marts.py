"""Marts written by hand: tables of the contracts' columns in `marts`, with a few known rows.

The figures are small enough to check in the head. Campaign `spring` has three creators: ana earns
2.5 times her cost, bo 0.4 times, cy cost nothing and sold nothing. Two days, one shop.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import yaml
from psycopg import sql

from include.settings import DBT_PROJECT_DIR
from include.warehouse.connection import connect

MARTS_DIR = DBT_PROJECT_DIR / "models" / "marts"
DAY_1, DAY_2 = dt.date(2026, 3, 1), dt.date(2026, 3, 2)
Rows = Sequence[Mapping[str, Any]]


def contracts() -> dict[str, dict[str, str]]:
    """Return, of every mart, the columns its contract promises with their types."""
    found = {}
    for path in sorted(MARTS_DIR.glob("mart_*.yml")):
        for model in yaml.safe_load(path.read_text())["models"]:
            found[model["name"]] = {c["name"]: c["data_type"] for c in model["columns"]}
    return found


def make_marts(dsn: str, rows: Mapping[str, Rows]) -> None:
    """Create every mart as a table of schema `marts` and fill those that `rows` names.

    `dsn` is the transformer's, so readers have the rights they have on published views.
    """
    with connect(dsn) as connection:
        for name, columns in contracts().items():
            body = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(c), sql.SQL(t)) for c, t in columns.items()
            )
            table = sql.Identifier("marts", name)
            connection.execute(sql.SQL("create table {} ({})").format(table, body))
        for name, added in rows.items():
            for row in added:
                _insert(connection, name, row)


def _insert(connection: psycopg.Connection, name: str, row: Mapping[str, Any]) -> None:
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier("marts", name),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
    )
    connection.execute(statement, list(row.values()))


SPRING = {"campaign_id": "spring", "as_of_date": DAY_2}
OWN = {"attribution_model": "last_touch", "rule_version": "all", "currency_code": "USD"}


def spring_marts() -> dict[str, list[dict[str, Any]]]:
    """Return the rows of campaign `spring`, mart by mart."""
    return {
        "mart_creator_scorecard": _scorecard(),
        "mart_attribution_comparison": _comparison(),
        "mart_creator_attribution": _versions(),
        "mart_attribution_reconciliation": _reconciliation(),
        "mart_tracking_coverage": _coverage(),
        "mart_content_performance": _content(),
        "mart_creator_campaign_daily": _daily(),
        "mart_data_health": [
            {"source": "shopify", "health_date": DAY_2, "has_arrived": True, "window_count": 3,
             "failed_window_count": 0, "skipped_window_count": 0, "read_row_count": 40,
             "rejected_row_count": 1, "failed_critical_count": 0, "failed_warning_count": 2,
             "as_of_date": DAY_2},
        ],
    }  # fmt: skip


def _scorecard() -> list[dict[str, Any]]:
    shared = SPRING | OWN | {"campaign_name": "Spring 100 %", "is_final": False}
    return [
        shared | {"creator_id": "ana", "creator_name": "Ana", "cost_amount": 100,
                  "committed_cost_amount": 120, "credited_order_count": 2,
                  "credited_new_order_count": 1, "net_revenue_amount": 250, "roas": 2.5,
                  "roas_low": 1.1, "roas_high": 4.2, "cpa": 50, "views_count": 1000},
        shared | {"creator_id": "bo", "creator_name": "Bo", "cost_amount": 50,
                  "committed_cost_amount": 50, "credited_order_count": 0.5,
                  "credited_new_order_count": 0.5, "net_revenue_amount": 20, "roas": 0.4,
                  "roas_low": 0.1, "roas_high": 1.2, "cpa": 100, "views_count": 400},
        shared | {"creator_id": "cy", "creator_name": "[red]Cy[/red]", "cost_amount": 0,
                  "committed_cost_amount": 0, "credited_order_count": 0,
                  "credited_new_order_count": 0, "net_revenue_amount": 0},
    ]  # fmt: skip


def _comparison() -> list[dict[str, Any]]:
    figures = {
        "last_touch": {"ana": (2, 250, 1), "bo": (0.5, 20, 2), "cy": (0, 0, 3)},
        "linear": {"ana": (1.5, 200, 1), "bo": (1, 70, 2), "cy": (0, 0, 3)},
    }
    spread = {"ana": (200, 250), "bo": (20, 70), "cy": (0, 0)}
    return [
        SPRING | {"attribution_model": model, "rule_version": "all", "currency_code": "USD",
                  "is_default_model": model == "last_touch", "creator_id": creator,
                  "credited_order_count": orders, "net_revenue_amount": revenue,
                  "net_revenue_lowest_amount": spread[creator][0],
                  "net_revenue_highest_amount": spread[creator][1],
                  "revenue_rank": rank, "revenue_rank_best": rank, "revenue_rank_worst": rank}
        for model, creators in figures.items()
        for creator, (orders, revenue, rank) in creators.items()
    ]  # fmt: skip


def _versions() -> list[dict[str, Any]]:
    """Under the campaign's own rules the chain has intervals, under `code_first` nothing has."""
    figures = {
        ("linear", "all"): {
            "ana": (1.5, 200, 0.9, 3.1),
            "bo": (1, 70, None, None),
            "cy": (0, 0, None, None),
        },
        ("linear", "code_first"): {
            "ana": (2, 240, None, None),
            "bo": (1, 30, None, None),
            "cy": (0, 0, None, None),
        },
    }
    return [
        SPRING | {"attribution_model": model, "rule_version": rules, "currency_code": "USD",
                  "creator_id": creator, "credited_order_count": orders,
                  "net_revenue_amount": revenue, "roas_low": low, "roas_high": high}
        for (model, rules), creators in figures.items()
        for creator, (orders, revenue, low, high) in creators.items()
    ]  # fmt: skip


def _reconciliation() -> list[dict[str, Any]]:
    """Day 1: 400 of the shop, 200 by creators; day 2: 100, of which a cent cannot be told."""
    causes = {"cancelled_amount": -10, "refund_timing_amount": -5, "time_zone_amount": 0,
              "consent_amount": 30, "duplicate_amount": 0, "value_basis_amount": 2,
              "sales_channel_amount": 20, "event_not_fired_amount": 50, "currency_amount": 0,
              "test_order_amount": -1, "unexplained_amount": 4}  # fmt: skip
    rows = []
    for model, creators in (("last_touch", (200, 70)), ("linear", (180, 90))):
        shared = OWN | {"connection_id": "shopify", "attribution_model": model,
                        "as_of_date": DAY_2, "is_final": False}  # fmt: skip
        rows += [
            shared | causes | {"order_date": DAY_1, "shop_net_sales_amount": 400,
                               "attributed_amount": creators[0], "direct_amount": 60,
                               "other_channel_amount": 400 - 60 - 40 - creators[0],
                               "unattributed_amount": 40, "difference_amount": 0,
                               "warehouse_net_amount": 400, "ga4_purchase_amount": 310,
                               "ga4_difference_amount": 90},
            shared | {"order_date": DAY_2, "shop_net_sales_amount": 100,
                      "attributed_amount": creators[1], "direct_amount": 0,
                      "other_channel_amount": 90 - creators[1], "unattributed_amount": 10.01,
                      "difference_amount": -0.01, "warehouse_net_amount": 100.01},
        ]  # fmt: skip
    return rows


def _coverage() -> list[dict[str, Any]]:
    days = (
        (DAY_1, (8, 4, 1, 1, 1, 1, 2), (6, 5, 1, 2, 6)),
        (DAY_2, (2, 1, 0, 1, 0, 0, 1), (2, 2, 0, None, None)),
    )
    names = ("order_count", "creator_order_count", "link_only_order_count",
             "code_only_order_count", "link_and_code_order_count", "survey_only_order_count",
             "untracked_order_count")  # fmt: skip
    online = ("online_order_count", "online_known_order_count", "consent_gap_order_count",
              "ga4_missing_order_count", "ga4_known_online_order_count")  # fmt: skip
    return [
        SPRING
        | {"connection_id": "shopify", "order_date": day}
        | dict(zip(names, counts, strict=True))
        | dict(zip(online, seen, strict=True))
        for day, counts, seen in days
    ]


def _content() -> list[dict[str, Any]]:
    shared = SPRING | {"platform": "instagram", "access_path": "own_account",
                       "metric_definition_version": "instagram_views_2025"}  # fmt: skip
    return [
        shared | {"post_id": "1", "creator_id": "ana", "creator_name": "Ana",
                  "permalink": "https://example.test/1", "published_date": DAY_1,
                  "views_count": 1000, "engagement_basic_count": 30, "link_click_count": 7,
                  "views_day7_count": 900, "er_basic_by_views_day7": 0.03},
        # Nobody told this post's views, so its likes are in no rate.
        shared | {"post_id": "2", "creator_id": "bo", "creator_name": "Bo",
                  "published_date": DAY_2, "engagement_basic_count": 99},
    ]  # fmt: skip


def _daily() -> list[dict[str, Any]]:
    shared = SPRING | OWN
    quiet = {"published_post_count": 0, "session_count": 0, "credited_order_count": 0,
             "net_revenue_by_order_date_amount": 0, "delivered_cost_amount": 0}  # fmt: skip
    ana, bo = (shared | quiet | {"creator_id": c, "creator_name": c.title()} for c in ("ana", "bo"))
    return [
        ana | {"metric_date": DAY_1, "published_post_count": 1, "credited_order_count": 1.5,
               "net_revenue_by_order_date_amount": 200, "delivered_cost_amount": 100},
        bo | {"metric_date": DAY_1},
        ana | {"metric_date": DAY_2, "session_count": 4, "credited_order_count": 0.5,
               "net_revenue_by_order_date_amount": 50},
        bo | {"metric_date": DAY_2},
    ]  # fmt: skip
