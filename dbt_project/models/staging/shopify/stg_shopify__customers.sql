-- No CTE: a view with one is planned by itself, and whoever looks up a few of its rows reads all.
select
    connection_id,
    customer_id,
    created_at,
    updated_at,
    cast(number_of_orders as bigint) as order_count,
    amount_spent as spent_amount,
    currency_code,
    state as account_state,
    verified_email as is_email_verified,
    email_hash,
    email_marketing_state,
    phone_hash,
    country_code,
    province_code,
    _load_id as load_id
from {{ source('shopify', 'customers') }}
