-- One row per GA4 transaction that is one order of a shop: its id is the order's name or id.
-- Ids GA4 withholds and repeats of one id make no row. Order names repeat between shops: of two
-- orders that fit, currency and amount tell, and if they don't, nobody knows.
with

transactions as (

    select
        *,
        max(load_id)
            over (partition by connection_id, property_id, transaction_key)
            as newest_load_id,
        row_number() over (
            partition by connection_id, property_id, transaction_key
            order by
                purchase_amount desc,
                transaction_date asc,
                session_source asc,
                session_medium asc,
                utm_campaign_key asc,
                utm_content_key asc
        ) as repeat_number
    from {{ ref('stg_ga4__transactions') }}
    where
        transaction_key is not null
        and transaction_key not in ('(not set)', '(other)', '(data not available)')
        and purchase_count > 0

),

orders as (

    select * from {{ ref('int_orders_identified') }}

),

candidates as (

    select
        orders.connection_id,
        orders.order_id,
        orders.ordered_at,
        {{ order_fit('orders', 'transactions.purchase_amount', 'transactions.currency_code') }}
            as fit,
        'order_id' as transaction_id_format,
        transactions.connection_id as ga4_connection_id,
        transactions.property_id,
        transactions.transaction_key
    from transactions
    inner join orders on transactions.transaction_key = orders.order_id
    where transactions.repeat_number = 1

    union all

    select
        orders.connection_id,
        orders.order_id,
        orders.ordered_at,
        {{ order_fit('orders', 'transactions.purchase_amount', 'transactions.currency_code') }}
            as fit,
        'order_name' as transaction_id_format,
        transactions.connection_id as ga4_connection_id,
        transactions.property_id,
        transactions.transaction_key
    from transactions
    inner join orders
        on
            transactions.transaction_key = orders.order_number
            -- A shop may show people the id itself, which is one way to name the order, not two.
            and orders.order_number <> orders.order_id
    where transactions.repeat_number = 1

),

matched as (

    select
        candidates.*,
        transactions.transaction_id,
        transactions.transaction_date,
        transactions.session_source,
        transactions.session_medium,
        transactions.session_campaign as utm_campaign,
        transactions.session_content as utm_content,
        transactions.utm_campaign_key,
        transactions.utm_content_key,
        transactions.newest_load_id as load_id,
        max(candidates.fit) over (
            partition by
                candidates.ga4_connection_id, candidates.property_id, candidates.transaction_key
        ) as best_fit,
        count(*) over (
            partition by
                candidates.ga4_connection_id,
                candidates.property_id,
                candidates.transaction_key,
                candidates.fit
        ) as order_count,
        row_number() over (
            partition by candidates.connection_id, candidates.order_id
            order by
                transactions.transaction_date, candidates.ga4_connection_id, candidates.property_id
        ) as order_match_number
    from candidates
    inner join transactions
        on
            candidates.ga4_connection_id = transactions.connection_id
            and candidates.property_id = transactions.property_id
            and candidates.transaction_key = transactions.transaction_key
            and transactions.repeat_number = 1
    -- Order names repeat between shops and years; the purchase happens when the order does.
    where abs(
        transactions.transaction_date
        - {{ business_date('candidates.ordered_at', 'transactions.date_timezone') }}
    ) <= 1

),

joined as (

    select
        connection_id,
        order_id,
        ga4_connection_id,
        property_id,
        transaction_id,
        transaction_id_format,
        transaction_date,
        session_source,
        session_medium,
        utm_campaign,
        utm_content,
        utm_campaign_key,
        utm_content_key,
        load_id
    from matched
    where fit = best_fit and order_count = 1 and order_match_number = 1

)

select * from joined
