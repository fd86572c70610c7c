"""What must hold for a day of Shopify beyond its columns: money, ledger, dates, sales report,
hashed contacts, orders that vanished.
"""

from __future__ import annotations

from collections.abc import Iterator

from include.quality.day_rules import day_rules
from include.quality.rules import Rule, Window, no_rows
from include.sources._base import Source

ORDERS = "raw.shopify__orders"
# Brands delete a test order now and then. A day's reading that lacks more of its orders is rather
# an answer that was not whole.
VANISHED_ALLOWED, FEW_VANISHED = 0.10, 5


def build_suite(source: Source, window: Window) -> list[Rule]:
    """Return the rules of one day."""
    orders = window.rows("orders")
    lines = window.rows("orders", "shopify__order_lines")
    sales = window.rows("orders", "shopify__order_sales")
    report = window.rows("daily_sales")
    return [
        *day_rules(source, window),
        *_contact_rules(window),
        *_deletion_rules(window),
        *_payment_and_cost_rules(window),
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


def _contact_rules(window: Window) -> Iterator[Rule]:
    customers = window.rows("customers")
    yield no_rows(
        "e-mails and phones of customers are hashed",
        "raw.shopify__customers",
        f"""
        select connection_id, customer_id from ({customers}) as customers
        where email_hash !~ '^[0-9a-f]{{64}}$' or phone_hash !~ '^[0-9a-f]{{64}}$'
        """,
    )


def _deletion_rules(window: Window) -> Iterator[Rule]:
    days = window.rows("order_days")
    yield no_rows(
        "a day's orders are as many as it counts",
        "raw.shopify__order_days",
        f"""
        select days.* from ({days}) as days
        where days.order_count <> (
            select count(*) from raw.shopify__order_ids as ids
            where ids.connection_id = days.connection_id and ids.created_date = days.created_date
        )
        """,
    )
    yield no_rows(
        "a day's orders do not vanish in bulk",
        "raw.shopify__order_days",
        f"""
        select days.connection_id, days.created_date, days.order_count, count(*) as vanished
        from ({days}) as days
        inner join {ORDERS} as orders
            on orders.connection_id = days.connection_id
            and orders.created_at >= days.created_date::timestamp at time zone 'UTC'
            and orders.created_at < (days.created_date + 1)::timestamp at time zone 'UTC'
            and orders.created_at < days._captured_at - interval '1 hour'
            and orders._captured_at <= days._captured_at
        left join raw.shopify__order_ids as ids
            on ids.connection_id = days.connection_id
            and ids.created_date = days.created_date and ids.order_id = orders.order_id
        where ids.order_id is null
        group by days.connection_id, days.created_date, days.order_count
        having count(*) > {FEW_VANISHED}
            and count(*) > {VANISHED_ALLOWED} * (days.order_count + count(*))
        """,
    )


def _payment_and_cost_rules(window: Window) -> Iterator[Rule]:
    orders = window.rows("orders")
    yield no_rows(
        "a paid order's payments are its total",
        "raw.shopify__order_transactions",
        # Edited orders and those paid in parts by gift cards are rare; hence a warning. Orders
        # loaded before payments were read have none.
        f"""
        select orders.connection_id, orders.order_id, orders.total_price, sum(paid.amount) as paid
        from ({orders}) as orders
        inner join raw.shopify__order_transactions as paid
            on orders.connection_id = paid.connection_id and orders.order_id = paid.order_id
        where orders.display_financial_status = 'PAID'
            and paid.kind in ('SALE', 'CAPTURE') and paid.status = 'SUCCESS'
        group by orders.connection_id, orders.order_id, orders.total_price
        having abs(sum(paid.amount) - orders.total_price) > 0.01
        """,
        "warning",
    )
    yield no_rows(
        "unit costs are not negative and in the shop's currency",
        "raw.shopify__product_variants",
        f"""
        select variants.* from ({window.rows("product_variants")}) as variants
        left join raw.shopify__shop as shop
            on variants.connection_id = shop.connection_id
            and variants.window_start = shop.window_start
        where variants.unit_cost < 0 or variants.unit_cost_currency_code <> shop.currency_code
        """,
        "warning",
    )
