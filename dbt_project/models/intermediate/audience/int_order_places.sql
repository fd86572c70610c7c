-- One row per order whose country is known: WooCommerce's billing address, at Shopify the
-- customer's default address, as orders come without one.
-- No CTE: a view with one is planned by itself, and whoever looks up a few of its rows reads all.
select
    connection_id,
    order_id,
    country_code
from {{ ref('int_orders_identified') }}
where country_code is not null
