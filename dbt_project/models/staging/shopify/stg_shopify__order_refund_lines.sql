-- No CTE: a view with one is planned by itself, and whoever looks up a few of its rows reads all.
select
    connection_id,
    order_id,
    refund_id,
    line_id,
    quantity,
    subtotal as subtotal_amount,
    total_tax as tax_amount,
    _load_id as load_id
from {{ source('shopify', 'order_refund_lines') }}
