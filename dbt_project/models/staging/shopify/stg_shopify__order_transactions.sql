-- No CTE: a view with one is planned by itself, and whoever looks up a few of its rows reads all.
select
    connection_id,
    order_id,
    transaction_id,
    parent_id as parent_transaction_id,
    upper(kind) as transaction_kind,
    upper(status) as transaction_status,
    error_code,
    gateway,
    test as is_test,
    coalesce(processed_at, created_at) as transacted_at,
    amount as transaction_amount,
    _load_id as load_id
from {{ source('shopify', 'order_transactions') }}
