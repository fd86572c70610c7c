"""Cases of the golden format, loaded as touches and ledger rows for the real dbt models.

A case is a connection: `connection_id` is its id, so that one dbt run answers all of them. A
golden touch belongs to a user; it is offered to each of that user's orders, as a shop's own
customer journey would, and the models decide what counts. Settings of a case travel in
the columns that hold them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import psycopg

Case = Mapping[str, Any]
# Strongest evidence first at one instant; the golden format knows utm, landing_page and code.
RANKS = {"landing_page": 20, "code": 30, "survey": 40}
TYPES = {"landing_page": "landing_page", "code": "discount_code", "survey": "survey"}
OTHER_CHANNELS = frozenset({"email", "search"})
TABLES = """
drop table if exists intermediate.int_orders_affected, intermediate.int_order_touches,
    core.fct_order, core.fct_order_sale cascade;
create table intermediate.int_orders_affected (
    connection_id text, order_id text, has_every_rule_version boolean);
create table intermediate.int_order_touches (
    connection_id text, order_id text, touch_id text, touched_at timestamptz,
    ordered_at timestamptz, anchored_at timestamptz, is_dated boolean, evidence_rank integer,
    evidence_type text, evidence_types text, discount_codes text, match_quality text,
    channel_type text, channel text, campaign_id text, creator_id text, lookback_days bigint,
    half_life_days integer, direct_policy text, collapses_repeats boolean,
    has_every_rule_version boolean);
create table core.fct_order (
    connection_id text, order_id text, ordered_at timestamptz, order_date date, order_class text,
    is_new_customer boolean, customer_id text, currency_code text);
create table core.fct_order_sale (
    connection_id text, order_id text, event_date date, net_revenue_amount numeric(18, 2));
"""


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def write_cases(
    connection: psycopg.Connection, cases: Sequence[Case], *, every_rule_version: bool = False
) -> None:
    """Replace what the two attribution models read by the touches and orders of the cases."""
    connection.execute(TABLES)
    for case in cases:
        dated = case if "touches" in case else as_touches(case)
        key = case["id"]
        _copy(connection, "intermediate.int_order_touches", touch_rows(dated, every_rule_version))
        sales = dated["conversions"]
        _copy(
            connection,
            "intermediate.int_orders_affected",
            ((key, sale["conversion_id"], every_rule_version) for sale in sales),
        )
        _copy(connection, "core.fct_order", (order_row(key, sale) for sale in sales))
        _copy(connection, "core.fct_order_sale", ledger_rows(dated))


def as_touches(case: Case) -> Case:
    """Turn weighted paths into orders: as many as the path converted, the first with its value."""
    start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    touches: list[dict[str, Any]] = []
    conversions: list[dict[str, Any]] = []
    for number, path in enumerate(case["paths"]):
        for copy in range(int(path.get("conversions", 0))):
            user = f"p{number}:{copy}"
            touches.extend(
                {
                    "touch_id": len(touches) + place,
                    "user": user,
                    "ts": (start + dt.timedelta(seconds=place)).isoformat(),
                    "channel": channel,
                }
                for place, channel in enumerate(path["path"])
            )
            conversions.append(
                {
                    "conversion_id": user,
                    "user": user,
                    "ts": (start + dt.timedelta(hours=1)).isoformat(),
                    "value": path.get("value", 0) if copy == 0 else 0,
                }
            )
    return {**case, "touches": touches, "conversions": conversions}


def touch_rows(case: Case, every_rule_version: bool) -> Iterator[tuple[Any, ...]]:
    """Each touch once per order of its user; after the user's previous order where paths reset."""
    config = case["config"]
    for order in case["conversions"]:
        previous = [
            instant(other["ts"])
            for other in case["conversions"]
            if other["user"] == order["user"] and instant(other["ts"]) < instant(order["ts"])
        ]
        start = max(previous, default=None) if config["path_reset"] != "none" else None
        for touch in case["touches"]:
            if touch["user"] != order["user"] or (start and instant(touch["ts"]) <= start):
                continue
            is_direct = touch["channel"] == config["direct_channel"]
            evidence = touch.get("evidence", "utm")
            is_other = touch["channel"] in OTHER_CHANNELS
            yield (
                case["id"],
                order["conversion_id"],
                f"{touch['touch_id']:06}",
                instant(touch["ts"]),
                instant(order["ts"]),
                instant(touch["ts"]),
                True,
                RANKS.get(evidence, 10),
                evidence_type(evidence, is_direct=is_direct, is_other=is_other),
                touch.get("evidence_types", ""),
                None,
                "exact",
                "direct" if is_direct else "other_channel" if is_other else "creator",
                touch["channel"],
                None if is_direct or is_other else "summer",
                None if is_direct or is_other else touch["channel"],
                config["lookback_days"],
                config["half_life_days"],
                config["direct_policy"],
                config["collapse_repeats"],
                every_rule_version,
            )


def evidence_type(evidence: str, *, is_direct: bool, is_other: bool) -> str:
    if is_direct:
        return "direct_visit"
    return "referrer" if is_other else TYPES.get(evidence, "utm_link")


def order_row(case_id: str, sale: Case) -> tuple[Any, ...]:
    at = instant(sale["ts"])
    return (case_id, sale["conversion_id"], at, at.date(), "kept", None, None, "USD")


def ledger_rows(case: Case) -> Iterator[tuple[Any, ...]]:
    """Each sale and each refund on their own dates."""
    for sale in case["conversions"]:
        yield (case["id"], sale["conversion_id"], instant(sale["ts"]).date(), money(sale["value"]))
    for refund in case.get("refunds", ()):
        at = instant(refund["ts"])
        yield (case["id"], refund["refund_of"], at.date(), money(refund["value"]))


def money(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _copy(connection: psycopg.Connection, table: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"copy {table} from stdin".encode()) as copy:
        for row in rows:
            copy.write_row(row)
