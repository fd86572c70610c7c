"""What must hold for a day of WooCommerce beyond its columns: money, clocks, the revenue report."""

from __future__ import annotations

from include.quality.day_rules import day_rules
from include.quality.rules import Rule, Window, no_rows
from include.sources._base import Source

ORDERS, REFUNDS = "raw.woocommerce__orders", "raw.woocommerce__refunds"


def build_suite(source: Source, window: Window) -> list[Rule]:
    """Return the rules of one day."""
    return [
        *day_rules(source, window),
        *_order_rules(window),
        *_clock_rules(window),
        *_refund_rules(window),
        *_report_rules(window),
    ]


def _order_rules(window: Window) -> list[Rule]:
    orders, lines = window.rows("orders"), window.rows("orders", "woocommerce__order_lines")
    return [
        no_rows(
            "order amounts are not negative",
            ORDERS,
            f"""
            select * from ({orders}) as orders
            where least(total, total_tax, shipping_total, discount_total) < 0
            """,
        ),
        no_rows(
            "line quantities are not negative",
            "raw.woocommerce__order_lines",
            f"select * from ({lines}) as lines where quantity < 0",
        ),
        no_rows(
            "no order was made after the day it was read for",
            ORDERS,
            f"""
            select orders.* from ({orders}) as orders
            inner join quality.load_windows as loads on orders._load_id = loads.load_id
            where orders.date_created_gmt >= loads.window_end
            """,
        ),
        no_rows(
            "lines, fees, shipping and tax add up to the order's total",
            ORDERS,
            # Line amounts are rounded one by one where the shop rounds at the subtotal.
            f"""
            select orders.*, parts.amount from ({orders}) as orders
            inner join (
                select connection_id, order_id, sum(amount) as amount from (
                    select connection_id, order_id, total as amount
                    from raw.woocommerce__order_lines
                    union all
                    select connection_id, order_id, total from raw.woocommerce__order_fee_lines
                ) as goods
                group by connection_id, order_id
            ) as parts
                on orders.connection_id = parts.connection_id and orders.order_id = parts.order_id
            where abs(orders.total - orders.total_tax - orders.shipping_total - parts.amount) > 0.05
            """,
            "warning",
        ),
        no_rows(
            "every order has lines",
            ORDERS,
            f"""
            select orders.* from ({orders}) as orders
            left join raw.woocommerce__order_lines as lines
                on orders.connection_id = lines.connection_id and orders.order_id = lines.order_id
            where lines.order_id is null and orders.status <> 'trash'
            """,
            "warning",
        ),
    ]


def _clock_rules(window: Window) -> list[Rule]:
    """The shop's own time and GMT must be a zone's offset apart, a whole quarter of an hour."""
    rules = []
    for stream, table in (("orders", ORDERS), ("refunds", REFUNDS)):
        rules.append(
            no_rows(
                f"{stream}: the shop's own time is a zone's offset from GMT",
                table,
                f"""
                select * from (
                    select *, extract(epoch from
                        cast(date_created as timestamp) - (date_created_gmt at time zone 'UTC')
                    ) as apart_seconds
                    from ({window.rows(stream)}) as moments
                ) as moments
                where mod(apart_seconds, 900) <> 0 or abs(apart_seconds) > 14 * 3600
                """,
                "warning",
            )
        )
    return rules


def _refund_rules(window: Window) -> list[Rule]:
    return [
        no_rows(
            "no order gave back more than it took",
            ORDERS,
            f"""
            select orders.order_id, orders.total, sum(refunds.total) as refunded
            from ({window.rows("orders")}) as orders
            inner join raw.woocommerce__order_refunds as refunds
                on orders.connection_id = refunds.connection_id
                and orders.order_id = refunds.order_id
            group by orders.order_id, orders.total
            having orders.total + sum(refunds.total) < 0
            """,
            "warning",
        ),
        no_rows(
            "every refund of the day is named by its order",
            REFUNDS,
            f"""
            select refunds.* from ({window.rows("refunds")}) as refunds
            left join raw.woocommerce__order_refunds as named
                on refunds.connection_id = named.connection_id
                and refunds.order_id = named.order_id and refunds.refund_id = named.refund_id
            where named.refund_id is null
            """,
            "warning",
        ),
    ]


def _report_rules(window: Window) -> list[Rule]:
    report = window.rows("daily_sales")
    return [
        no_rows(
            "the revenue report adds up",
            "raw.woocommerce__daily_sales",
            f"""
            select * from ({report}) as report
            where abs(gross_sales - coupons - refunds - net_revenue) > 0.05
            """,
            "warning",
        ),
        no_rows(
            "the revenue report holds the day it was read for",
            "raw.woocommerce__daily_sales",
            # Without a changed row the report is the one that earlier loads found.
            f"""
            select loads.* from ({window.loads_of_day()}) as loads
            where loads.stream = 'daily_sales' and loads.status = 'loaded'
                and not exists (
                    select from raw.woocommerce__daily_sales as report
                    where report.connection_id = loads.connection_id
                        and report.day = date '{window.partition_key}'
                )
            """,
            "warning",
        ),
    ]
