with

events as (

    select * from {{ ref('stg_ga4_export__events') }}

),

-- A thank-you page that is loaded again sends the same transaction once more.
first_purchases as (

    select distinct on (connection_id, transaction_key) *
    from events
    where event_name = 'purchase' and transaction_key is not null and transaction_key <> '(not set)'
    order by connection_id, transaction_key, occurred_at, event_key

)

select
    connection_id,
    transaction_key,
    event_date as transaction_date,
    occurred_at,
    event_key,
    user_pseudo_id,
    session_key,
    touch_source,
    touch_medium,
    touch_campaign,
    touch_content,
    utm_campaign_key,
    utm_content_key,
    session_source,
    session_medium,
    session_campaign,
    session_content,
    value_amount as purchase_amount,
    currency_code,
    is_intraday,
    load_id
from first_purchases
