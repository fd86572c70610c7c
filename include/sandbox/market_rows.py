"""A market's facts as rows of the raw tables, without HTTP, Airflow or landing.

For questions that need many markets at once. Each becomes a shop and a campaign of its own, so that
one dbt build answers for all: connection, campaign, accounts and order names carry the market's
label. The connectors are tested elsewhere; here a row holds what they would have read at `now`,
with the columns the attribution models need.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from include.campaigns.model import CampaignPlan
from include.sandbox.market_event_rows import event_rows
from include.sandbox.market_facts import MarketOrder
from include.sandbox.world import Market
from include.sources.campaign_plan import flatten

Row = dict[str, Any]
Tables = Iterator[tuple[str, Iterable[Row]]]
PLAN_STREAMS = (
    "plan_versions", "campaigns", "creators", "creator_accounts", "contracts", "deliverables",
    "codes", "links", "landing_pages",
)  # fmt: skip
EMPTY: Mapping[str, Any] = {
    "text": "",
    "bigint": 0,
    "numeric": 0,
    "boolean": False,
    "jsonb": Jsonb({}),
    "bytea": b"",
}


def load_market(
    connection: psycopg.Connection,
    market: Market,
    label: str,
    now: dt.datetime,
    load_id: int,
    *,
    has_export: bool = False,
) -> None:
    """Copy what the connectors would have read of a market at `now` into the raw tables.

    label: name of the shop's connection and of the campaign; also the prefix of order names, so it
    must be unlike any other market's. has_export: GA4's event export is read, too. Columns not
    known here are NULL, or empty where they must not be NULL.
    """
    for table, rows in _tables(market, label, now):
        _copy(connection, table, rows, load_id, now)
    if has_export:
        _copy(connection, "ga4_export__events", event_rows(market, label, now), load_id, now)


def _tables(market: Market, label: str, now: dt.datetime) -> Tables:
    orders = market.orders_at(now)
    yield from _plan_tables(market.plan, label)
    yield "shopify__shop", [_shop(market, label, now)]
    yield "shopify__orders", (_order(order, label, now) for order in orders)
    yield "shopify__order_sales", (row for order in orders for row in _sales(order, label))
    yield "shopify__order_moments", (r for order in orders for r in _moments(order, label, now))
    yield "shopify__order_discount_codes", (r for order in orders for r in _codes(order, label))
    yield "shopify__daily_sales", _daily_sales(market, label, now)
    yield "ga4__transactions", _transactions(market, label, now)
    yield "ga4__session_totals", _session_totals(market, label, now)
    yield "instagram__discovered_media", _posts(market, label, now)


def _plan_tables(plan: CampaignPlan, label: str) -> Tables:
    named = plan.model_copy(
        update={
            "shop": plan.shop.model_copy(update={"connection_id": label}),
            "campaign": plan.campaign.model_copy(update={"id": label}),
        }
    )
    for stream in PLAN_STREAMS:
        rows = [
            {"connection_id": "campaign_plan", **_json_safe(row)}
            for row in getattr(flatten, stream)(named, label)
        ]
        if stream == "creator_accounts":
            rows = [row | {"handle": f"{label}.{row['handle']}"} for row in rows]
        yield f"campaign_plan__{stream}", rows


def _json_safe(row: Mapping[str, Any]) -> Row:
    return {
        name: Jsonb(value) if isinstance(value, dict | list) else value
        for name, value in row.items()
    }


def _shop(market: Market, label: str, now: dt.datetime) -> Row:
    return {
        "connection_id": label,
        "window_start": now,
        "shop_id": str(market.shop.shop_id),
        "name": market.shop.name,
        "currency_code": market.shop.currency,
        "iana_timezone": market.shop.iana_timezone,
    }


def _order(order: MarketOrder, label: str, now: dt.datetime) -> Row:
    customer, journey = order.customer, order.journey
    is_ready = journey is not None and journey.ready_at <= now
    return {
        "connection_id": label,
        "order_id": str(order.order_id),
        "name": f"#{label}-{order.number}",
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "processed_at": order.processed_at,
        "cancelled_at": order.cancelled_at,
        "test": order.test,
        "source_name": order.source_name,
        "display_financial_status": order.financial_status,
        "currency_code": order.currency,
        "presentment_currency_code": order.currency,
        "total_price": order.total,
        "subtotal_price": sum(line.total for line in order.lines),
        "total_discounts": sum(line.discount for line in order.lines),
        "total_shipping_price": order.shipping,
        "total_tax": order.tax,
        "total_refunded": sum(refund.amount for refund in order.refunds),
        "customer_id": None if customer is None else str(customer.customer_id),
        "customer_order_index": customer.order_index if customer and is_ready else None,
        "journey_ready": None if journey is None else is_ready,
        "journey_moments_count": len(journey.moments) if journey and is_ready else None,
    }


def _sales(order: MarketOrder, label: str) -> Iterator[Row]:
    for sale in order.ledger:
        yield {
            "connection_id": label,
            "order_id": str(order.order_id),
            "sale_id": str(sale.sale_id),
            "agreement_id": str(sale.agreement_id),
            "happened_at": sale.happened_at,
            "reason": sale.reason,
            "action_type": sale.action_type,
            "line_type": sale.line_type,
            "line_id": None if sale.line_id is None else str(sale.line_id),
            "quantity": sale.quantity,
            "total_amount": sale.total_amount,
            "total_tax": sale.tax,
            "total_discount_before_taxes": sale.discount,
        }


def _moments(order: MarketOrder, label: str, now: dt.datetime) -> Iterator[Row]:
    if order.journey is None or order.journey.ready_at > now:
        return
    for visit in order.journey.moments:
        utm = {f"utm_{name}": value for name, value in (visit.utm or {}).items()}
        yield {
            "connection_id": label,
            "order_id": str(order.order_id),
            "visit_id": str(visit.visit_id),
            "occurred_at": visit.occurred_at,
            "landing_page": visit.landing_page,
            "referrer_url": visit.referrer_url,
            "source": visit.source,
            "source_type": visit.source_type,
            **utm,
        }


def _codes(order: MarketOrder, label: str) -> Iterator[Row]:
    for position, code in enumerate(order.codes):
        key = {"connection_id": label, "order_id": str(order.order_id)}
        yield {**key, "position": position, "code": code}


def _daily_sales(market: Market, label: str, now: dt.datetime) -> Iterator[Row]:
    for day in market.daily_sales_at(now):
        yield {
            "connection_id": label,
            "day": day.day,
            "net_sales": day.net_sales,
            "currency_code": market.shop.currency,
        }


def _transactions(market: Market, label: str, now: dt.datetime) -> Iterable[Row]:
    """GA4's rows: purchases whose id was lost are added up, as any report does."""
    rows: dict[tuple[object, ...], Row] = {}
    for bought in market.ga4_transactions_at(now):
        key = {
            **_property(market, label, bought.date),
            "transaction_id": bought.transaction_id.replace("#", f"#{label}-"),
            "session_source": bought.source,
            "session_medium": bought.medium,
            "session_campaign_name": bought.campaign,
            "session_manual_ad_content": bought.content,
            "first_user_source": bought.first_user_source,
            "first_user_medium": bought.first_user_medium,
            "first_user_campaign_name": bought.first_user_campaign,
        }
        nothing = {"ecommerce_purchases": 0, "purchase_revenue": 0}
        row = rows.setdefault(tuple(key.values()), key | nothing)
        row["ecommerce_purchases"] += bought.purchases
        row["purchase_revenue"] += bought.revenue
    return rows.values()


def _session_totals(market: Market, label: str, now: dt.datetime) -> Iterator[Row]:
    totals: Counter[dt.date] = Counter()
    for session in market.ga4_sessions_at(now):
        totals[session.date] += session.sessions
    for date, count in sorted(totals.items()):
        key = _property(market, label, date)
        yield {**key, "sessions": count, "listed_sessions": count}


def _property(market: Market, label: str, date: dt.date) -> Row:
    return {
        "connection_id": f"ga4__{label}",
        "property_id": label,
        "date": date,
        "currency_code": market.shop.currency,
        "time_zone": market.shop.iana_timezone,
    }


def _posts(market: Market, label: str, now: dt.datetime) -> Iterator[Row]:
    """What can be seen of the creators: no posts of those without any access."""
    paths = {name: market.account_at(name, now).access_path for name in market.accounts}
    for post in market.posts_at(now):
        if post.creator_id is not None and paths[post.username] != "none":
            yield {
                "connection_id": f"instagram__{label}",
                "media_id": f"{label}.{post.media_id}",
                "username": f"{label}.{post.username}",
                "caption": post.caption,
                "media_product_type": post.product_type,
                "timestamp": post.published_at,
                "window_start": now - dt.timedelta(days=1),
                "captured_at": now,
            }


def _copy(
    connection: psycopg.Connection,
    table: str,
    rows: Iterable[Row],
    load_id: int,
    now: dt.datetime,
) -> None:
    columns = connection.execute(
        "select column_name, data_type, is_nullable = 'YES' from information_schema.columns "
        "where table_schema = 'raw' and table_name = %s order by ordinal_position",
        [table],
    ).fetchall()
    blanks = {**EMPTY, "timestamp with time zone": now, "date": now.date()}
    empty: Row = {
        name: None if is_nullable else blanks[kind] for name, kind, is_nullable in columns
    }
    empty["_load_id"] = load_id
    names = sql.SQL(", ").join(map(sql.Identifier, empty))
    statement = sql.SQL("copy raw.{} ({}) from stdin").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            if unknown := set(row) - set(empty):
                raise ValueError(f"raw.{table} has no columns {sorted(unknown)}")
            copy.write_row(list((empty | row).values()))
