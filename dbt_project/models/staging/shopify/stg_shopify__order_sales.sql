-- No CTE: a view with one is planned by itself, and whoever looks up a few of its rows reads all.
select
    connection_id,
    order_id,
    sale_id,
    agreement_id,
    happened_at,
    upper(reason) as reason,
    upper(action_type) as action_type,
    upper(line_type) as line_type,
    line_id,
    quantity,
    total_amount,
    total_tax as tax_amount,
    total_discount_before_taxes as discount_amount,
    _load_id as load_id
from {{ source('shopify', 'order_sales') }}
