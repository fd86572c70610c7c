-- No CTE: a view with one is planned by itself, and whoever looks up a few of its rows reads all.
select
    connection_id,
    order_id,
    line_id,
    nullif(trim(sku), '') as sku,
    product_id,
    variant_id,
    quantity,
    current_quantity,
    original_unit_price as unit_price_amount,
    discounted_total as discounted_amount,
    _load_id as load_id
from {{ source('shopify', 'order_lines') }}
