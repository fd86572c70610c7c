"""A shop, its campaign and a dozen orders written by hand into the raw tables, one case each.

Campaign `spring`: 1-31 March 2026, New York (UTC-5, from 8 March UTC-4), look-back 30 days. ana has
connected her account, bo is seen by business discovery, cy's account is personal.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

SHOP, GA4, INSTAGRAM, PLAN = "shopify", "ga4", "instagram", "campaign_plan"
EMPTY: dict[str, Any] = {
    "text": "",
    "bigint": 0,
    "integer": 0,
    "numeric": Decimal(0),
    "boolean": False,
    "date": dt.date(2026, 3, 1),
    "timestamp with time zone": dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
    "jsonb": Jsonb({}),
    "bytea": b"",
}


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


class Market:
    """Writes raw rows as one load; a column not named is NULL, or empty where it may not be."""

    def __init__(self, connection: psycopg.Connection, load_id: int) -> None:
        self.connection, self.load_id = connection, load_id

    def add(self, table: str, **values: Any) -> None:
        """Insert one raw row."""
        columns = self.connection.execute(
            "select column_name, data_type, is_nullable = 'YES' from information_schema.columns "
            "where table_schema = 'raw' and table_name = %s order by ordinal_position",
            [table],
        ).fetchall()
        unknown = set(values) - {name for name, _, _ in columns}
        assert not unknown, f"raw.{table} has no {unknown}"
        values.setdefault("_load_id", self.load_id)
        row = {
            name: values.get(name, None if is_nullable else EMPTY[kind])
            for name, kind, is_nullable in columns
        }
        self.connection.execute(
            sql.SQL("insert into raw.{} ({}) values ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() * len(row)),
            ),
            list(row.values()),
        )

    def record_load(self, source: str, stream: str, day: dt.date, *, deleted: int = 0) -> None:
        """Write the load's window row (midnight to midnight, UTC is near enough here)."""
        start = dt.datetime.combine(day, dt.time(5), tzinfo=dt.UTC)
        self.connection.execute(
            "insert into quality.load_windows (load_id, source, stream, connection_id, "
            "partition_key, window_start, window_end, run_id, started_at, status, rows_merged, "
            "rows_deleted) "
            "overriding system value "
            "values (%s, %s, %s, %s, %s, %s, %s, 'test', now(), 'loaded', 1, %s)",
            [self.load_id, source, stream, source, day, start, start + dt.timedelta(1), deleted],
        )

    def plan(self) -> None:
        """The campaign: three creators, links, codes, a page, contracts and pieces."""
        key = {"connection_id": PLAN, "campaign_id": "spring"}
        self.add("campaign_plan__plan_versions", **key, plan_version="1")
        self.add(
            "campaign_plan__campaigns", **key, plan_version="1", campaign_name="Spring",
            brand_name="Brand", brand_handles=Jsonb({"instagram": "brand"}),
            shop_connection_id=SHOP, start_date=dt.date(2026, 3, 1),
            end_date=dt.date(2026, 3, 31), reporting_timezone="America/New_York",
            currency_code="USD", hashtag="#Spring", utm_campaign="spring launch", lookback_days=30,
            default_attribution_model="linear", default_rule_version="all",
        )  # fmt: skip
        paths = {"ana": "own_account", "bo": "business_discovery", "cy": "none"}
        for creator, access_path in paths.items():
            owner = {**key, "creator_id": creator}
            self.add("campaign_plan__creators", **owner, creator_name=creator.title())
            self.add(
                "campaign_plan__creator_accounts", **owner, platform="instagram",
                handle=f"@{creator}.ig", access_path=access_path,
            )  # fmt: skip
            self.add(
                "campaign_plan__contracts", **owner, contract_id=f"k_{creator}",
                fee_amount=Decimal(100), product_cost_amount=Decimal(20), currency_code="USD",
                product_sent_date=dt.date(2026, 2, 20), rule_version="all",
            )  # fmt: skip
            for number, content_format in enumerate(("feed", "reel"), start=1):
                self.add(
                    "campaign_plan__deliverables", **owner, deliverable_id=f"{creator}_{number}",
                    platform="instagram", content_format=content_format,
                    planned_date=dt.date(2026, 3, 4 * number),
                )  # fmt: skip
            self.add(
                "campaign_plan__links", **owner, link_id=f"{creator}_bio", utm_source="instagram",
                utm_medium="influencer", utm_campaign="Spring Launch", utm_content=creator,
                valid_from=dt.date(2026, 2, 1),
            )  # fmt: skip
            self.code(creator, f"{creator.upper()}15", dt.date(2026, 2, 1))
        self.code("ana", "SHARED", dt.date(2026, 3, 1))
        self.code("bo", "SHARED", dt.date(2026, 3, 11))
        page = {"creator_id": "ana", "path": "/Ana", "valid_from": dt.date(2026, 2, 1)}
        self.add("campaign_plan__landing_pages", **key, **page)

    def code(self, creator: str, code: str, valid_from: dt.date) -> None:
        """One span of a code's ownership, open at its end."""
        self.add(
            "campaign_plan__codes", connection_id=PLAN, campaign_id="spring", creator_id=creator,
            code=code, valid_from=valid_from,
        )  # fmt: skip

    def shop(self) -> None:
        """The shop's own zone and currency."""
        self.add(
            "shopify__shop", connection_id=SHOP, shop_id="1", name="Shop", currency_code="USD",
            iana_timezone="America/New_York", window_start=utc("2026-03-01 05:00"),
        )  # fmt: skip

    def order(
        self, number: int, at: str, net: str, *, codes: tuple[str, ...] = (), **values: Any
    ) -> None:
        """An order of one product line, 8 % tax on top, and 5.00 shipping (no net revenue)."""
        key = {"connection_id": SHOP, "order_id": str(9_000_000_000 + number)}
        amount = Decimal(net)
        self.add(
            "shopify__orders", **key, name=f"#{number}", created_at=utc(at), processed_at=utc(at),
            updated_at=utc(at), currency_code="USD", subtotal_price=amount, journey_ready=True,
            **{"test": False, "source_name": "web", "display_financial_status": "PAID"} | values,
        )  # fmt: skip
        self.sale(number, "sale", at, net)
        self.add(
            "shopify__order_sales", **key, sale_id="shipping", happened_at=utc(at), reason="ORDER",
            action_type="ORDER", line_type="SHIPPING", total_amount=Decimal(5),
        )  # fmt: skip
        for position, code in enumerate(codes):
            self.add("shopify__order_discount_codes", **key, position=position, code=code)

    def sale(self, number: int, sale_id: str, at: str, net: str, reason: str = "ORDER") -> None:
        """One product row of an order's ledger."""
        tax = (Decimal(net) * Decimal("0.08")).quantize(Decimal("0.01"))
        self.add(
            "shopify__order_sales", connection_id=SHOP, order_id=str(9_000_000_000 + number),
            sale_id=sale_id, happened_at=utc(at), reason=reason, action_type=reason,
            line_type="PRODUCT", total_amount=Decimal(net) + tax, total_tax=tax,
        )  # fmt: skip

    def visit(self, number: int, visit_id: str, at: str, **values: Any) -> None:
        """One visit of an order's journey."""
        self.add(
            "shopify__order_moments", connection_id=SHOP, order_id=str(9_000_000_000 + number),
            visit_id=visit_id, occurred_at=utc(at), **values,
        )  # fmt: skip

    def link_visit(self, number: int, visit_id: str, at: str, creator: str, **values: Any) -> None:
        """A visit through a creator's link."""
        utm = {"utm_source": "instagram", "utm_medium": "influencer"}
        utm |= {"utm_campaign": "spring launch", "utm_content": creator}
        self.visit(number, visit_id, at, **utm | values)

    def transaction(self, transaction_id: str, day: str, content: str, **values: Any) -> None:
        """GA4's session of a purchase."""
        self.add(
            "ga4__transactions", connection_id=GA4, property_id="1", transaction_id=transaction_id,
            date=dt.date.fromisoformat(day),
            session_medium="influencer", session_campaign_name="spring launch",
            session_manual_ad_content=content, time_zone="America/New_York",
            **{"ecommerce_purchases": 1, "purchase_revenue": Decimal(10), "currency_code": "USD"}
            | {"session_source": "instagram"} | values,
        )  # fmt: skip

    def discovered_post(self, handle: str, media_id: str, at: str, snapshot_day: str) -> None:
        """A post of another account as seen on a day."""
        self.add(
            "instagram__discovered_media", connection_id=INSTAGRAM, media_id=media_id,
            username=handle, caption="new #spring look", media_product_type="FEED",
            timestamp=utc(at), like_count=100, comments_count=10, view_count=2000,
            window_start=utc(f"{snapshot_day} 05:00"), captured_at=utc(f"{snapshot_day} 09:00"),
        )  # fmt: skip

    def own_post(self, media_id: str, at: str, snapshot_day: str) -> None:
        """A post of ana's connected account with its insights as seen on a day."""
        key = {"connection_id": INSTAGRAM, "media_id": media_id, "account_id": "17"}
        key |= {"window_start": utc(f"{snapshot_day} 05:00")}
        self.add(
            "instagram__media", **key, username="ana.ig", caption="ana15 with @brand",
            media_product_type="FEED", timestamp=utc(at), like_count=90, comments_count=10,
        )  # fmt: skip
        self.add(
            "instagram__media_insights", **key, likes=90, comments=10, shares=15, saved=10,
            reach=1000, views=2000,
        )  # fmt: skip

    def other_platforms(self) -> None:
        """ana is on TikTok too and owes a video there; bo owes a story and sends its numbers."""
        key = {"connection_id": PLAN, "campaign_id": "spring"}
        self.add(
            "campaign_plan__creator_accounts", **key, creator_id="ana", platform="tiktok",
            handle="ana.tok", access_path="business_discovery",
        )  # fmt: skip
        for creator, platform, content_format, day in (
            ("ana", "tiktok", "reel", 3),
            ("bo", "instagram", "story", 6),
        ):
            self.add(
                "campaign_plan__deliverables", **key, creator_id=creator, platform=platform,
                deliverable_id=f"{creator}_{platform}_{content_format}",
                content_format=content_format, planned_date=dt.date(2026, 3, day),
            )  # fmt: skip
        self.add(
            "tiktok__posts", connection_id="tiktok", video_id="7", handle_name="ana.tok",
            caption="#spring here too", create_time=utc("2026-03-03 12:00"), video_views=4000,
            likes=400, comments=100, shares=20, favorites=10,
            window_start=utc("2026-03-09 05:00"), captured_at=utc("2026-03-10 09:00"),
        )  # fmt: skip
        self.add(
            "files__story_numbers", connection_id="files", file_name="bo.jsonl", line_number=1,
            platform="Instagram", creator_handle="@bo.ig", published_at=utc("2026-03-07 12:00"),
            reported_at=utc("2026-03-08 12:00"), reach=300, views=360, link_clicks=12,
        )  # fmt: skip

    def sessions(self, day: str, content: str, **counts: int) -> None:
        """GA4's sessions of a creator's link on a day, by the link's source."""
        date = dt.date.fromisoformat(day)
        key = {"connection_id": GA4, "property_id": "1", "date": date}
        total = sum(counts.values())
        self.add(
            "ga4__session_totals", **key, sessions=total, listed_sessions=total,
            time_zone="America/New_York", currency_code="USD",
        )  # fmt: skip
        for source, count in counts.items():
            self.add(
                "ga4__source_sessions", **key, session_source=source, session_medium="influencer",
                session_campaign_name="spring launch", session_manual_ad_content=content,
                sessions=count,
            )  # fmt: skip

    def daily_sales(self, day: str, net: str, orders: int | None = None) -> None:
        """The shop's own report of a day."""
        self.add(
            "shopify__daily_sales", connection_id=SHOP, day=dt.date.fromisoformat(day),
            net_sales=Decimal(net), currency_code="USD", orders=orders,
        )  # fmt: skip


def first_orders(market: Market) -> None:
    """Orders 1-6 and 11-12: dated evidence, windows, undated evidence, direct, a test order."""
    market.order(1, "2026-03-05 17:00", "100.00", codes=(" ana15",))
    market.link_visit(1, "v1", "2026-03-05 10:00", "ANA ", utm_campaign="Spring+Launch")
    market.visit(1, "v2", "2026-03-05 11:00", utm_medium="email", utm_source="newsletter")
    market.visit(1, "v3", "2026-03-05 12:00", source="direct")
    # 30 days to the second are in, one second more is out; a visit after the order never counts.
    market.order(2, "2026-03-06 17:00:00", "40.00")
    market.link_visit(2, "v1", "2026-02-04 16:59:59", "bo")
    market.link_visit(2, "v2", "2026-02-04 17:00:00", "ana")
    market.link_visit(2, "v3", "2026-03-06 17:00:01", "cy")
    market.order(3, "2026-03-10 17:00", "30.00", codes=("BO15",))
    # cy's code began 41 days before and no post of cy is known: nothing dates it nearer.
    market.order(4, "2026-03-14 17:00", "20.00", codes=("CY15",))
    market.order(5, "2026-03-12 17:00", "50.00", customer_order_index=1)
    market.order(6, "2026-03-12 18:00", "60.00")
    market.visit(6, "v1", "2026-03-11 18:00", landing_page="https://shop.example/ana/?x=1#top")
    market.transaction("#6", "2026-03-12", "ana")
    market.order(11, "2026-03-12 19:00", "70.00")
    market.visit(11, "v1", "2026-03-11 19:00", source="direct")
    market.visit(11, "v2", "2026-03-12 19:00", source="direct")
    market.order(12, "2026-03-12 20:00", "80.00", test=True)
    market.link_visit(12, "v1", "2026-03-12 19:00", "ana")
    market.discovered_post("bo.ig", "post_bo", "2026-03-05 12:00", "2026-03-12")
    market.own_post("post_ana", "2026-03-02 12:00", "2026-03-09")


def later_orders(market: Market) -> None:
    """Orders 7-10, GA4's late session of order 5, and 10's day after the code changed its owner."""
    market.order(7, "2026-03-13 17:00", "10.01", codes=("ANA15", "BO15"))
    market.order(8, "2026-03-13 18:00", "90.00")
    # 11 March begins at 04:00 UTC: order 9 is still ana's, order 10 a minute later is bo's.
    market.order(9, "2026-03-11 03:59:30", "15.00", codes=("SHARED",))
    market.order(10, "2026-03-11 04:00:30", "25.00", codes=("shared",))
    market.transaction("9000000005", "2026-03-12", "Ana")
    market.transaction("(not set)", "2026-03-12", "bo")


def report(market: Market) -> None:
    """The shop's report, added up by hand from the orders above without test, tax and shipping."""
    market.daily_sales("2026-03-05", "100.00")
    market.daily_sales("2026-03-06", "40.00")
    market.daily_sales("2026-03-10", "45.00")
    market.daily_sales("2026-03-11", "25.00")
    market.daily_sales("2026-03-12", "180.00")
    market.daily_sales("2026-03-13", "100.01")
    market.daily_sales("2026-03-14", "20.00")
