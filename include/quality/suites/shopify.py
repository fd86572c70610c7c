"""What must hold for a day of Shopify beyond its columns: money, ledger, dates, sales report."""

from __future__ import annotations

from include.quality.day_rules import day_rules
from include.quality.rules import Rule, Window, no_rows
from include.sources._base import Source

ORDERS = "raw.shopify__orders"


def build_suite(source: Source, window: Window) -> list[Rule]:
    """Return the rules of one day."""
    orders = window.rows("orders")
    lines = window.rows("orders", "shopify__order_lines")
    sales = window.rows("orders", "shopify__order_sales")
    report = window.rows("daily_sales")
    return [
        *day_rules(source, window),
        no_rows(
            "order amounts are not negative",
            ORDERS,
            f"""
            select * from ({orders}) as orders
            where least(
                total_price, subtotal_price, total_discounts, total_shipping_price, total_tax,
                total_refunded
            ) < 0
            """,
        ),
        no_rows(
            "line quantities and amounts are not negative",
            "raw.shopify__order_lines",
            f"""
            select * from ({lines}) as lines
            where least(quantity, current_quantity, original_unit_price, discounted_total) < 0
            """,
        ),
        no_rows(
            "no order was made after the day it was read for",
            ORDERS,
            f"""
            select orders.* from ({orders}) as orders
            inner join quality.load_windows as loads on orders._load_id = loads.load_id
            where orders.created_at >= loads.window_end
            """,
        ),
        no_rows(
            "the ledger's sales add up to the order's total",
            "raw.shopify__order_sales",
            # Edited orders are left out: their total moves with the edit, not with the sale.
            f"""
            select orders.order_id, orders.total_price, sum(sales.total_amount) as ledger_total
            from ({orders}) as orders
            inner join ({sales}) as sales
                on orders.connection_id = sales.connection_id and orders.order_id = sales.order_id
            where sales.line_type <> 'ADJUSTMENT'
            group by orders.order_id, orders.total_price
            having bool_and(sales.reason <> 'ORDER_EDIT')
                and abs(
                    sum(sales.total_amount) filter (where sales.reason = 'ORDER')
                    - orders.total_price
                ) > 0.01
            """,
            "warning",
        ),
        no_rows(
            "no order gave back more than it took",
            ORDERS,
            f"select * from ({orders}) as orders where total_refunded > total_price",
            "warning",
        ),
        no_rows(
            "every order has lines",
            ORDERS,
            f"""
            select orders.* from ({orders}) as orders
            left join raw.shopify__order_lines as lines
                on orders.connection_id = lines.connection_id and orders.order_id = lines.order_id
            where lines.order_id is null
            """,
            "warning",
        ),
        no_rows(
            "the sales report holds the day it was read for",
            "raw.shopify__daily_sales",
            # Without a changed row the report is the one that earlier loads found.
            f"""
            select loads.* from ({window.loads_of_day()}) as loads
            where loads.stream = 'daily_sales' and loads.status = 'loaded'
                and not exists (
                    select from raw.shopify__daily_sales as report
                    where report.connection_id = loads.connection_id
                        and report.day = date '{window.partition_key}'
                )
            """,
            "warning",
        ),
        no_rows(
            "the sales report adds up",
            "raw.shopify__daily_sales",
            f"""
            select * from ({report}) as report
            where abs(gross_sales - abs(discounts) - abs(returns) - net_sales) > 0.01
            """,
            "warning",
        ),
    ]
