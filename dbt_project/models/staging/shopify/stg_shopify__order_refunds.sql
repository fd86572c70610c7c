-- No CTE: a view with one is planned by itself, and whoever looks up a few of its rows reads all.
select
    connection_id,
    order_id,
    refund_id,
    coalesce(processed_at, created_at) as refunded_at,
    total_refunded as refunded_amount,
    _load_id as load_id
from {{ source('shopify', 'order_refunds') }}
