-- One row per order of any shop and who its own data says placed it: the shop's customer, else the
-- hash of the e-mail address the guest gave (at checkout, or in the survey about this order). NULL
-- for a guest who gave neither: unknown, never new and never the same as another.
-- Identities leave this model as hashes only. Kept from run to run: the first of the models that
-- work out anew only whom the run's loads may have changed; its hook notes who that is.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        '{{ tune_transaction() }}',
        '{{ note_restitched() }}',
        "{{ forget_restitched('order', 'connection_id', 'order_id') }}",
    ],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[
        {'columns': ['order_id', 'connection_id'], 'unique': true},
        {'columns': ['order_number']},
        {'columns': ['customer_key']},
        {'columns': ['email_key']},
        {'columns': ['ordered_at'], 'type': 'brin'},
    ],
) }}

{%- set in_part = is_incremental() and can_stitch_in_part() -%}

with

shop_orders as (

    select
        orders.connection_id,
        orders.order_id,
        orders.order_number,
        orders.created_at as ordered_at,
        orders.processed_at,
        orders.source_name as sales_channel,
        orders.customer_id,
        cast(null as text) as email_hash,
        coalesce(orders.is_test, false) as is_test,
        orders.currency_code,
        orders.total_amount,
        orders.subtotal_amount as goods_amount,
        -- Orders of Shopify come without an address; the customer's default one is the nearest.
        customers.country_code
    from {{ ref('stg_shopify__orders') }} as orders
    left join {{ ref('stg_shopify__customers') }} as customers
        on
            orders.connection_id = customers.connection_id
            and orders.customer_id = customers.customer_id
    {{- join_restitched(in_part, 'order', 'orders', 'order_id') }}

    union all

    select
        orders.connection_id,
        orders.order_id,
        orders.order_number,
        orders.created_at as ordered_at,
        orders.created_at as processed_at,
        {{ woocommerce_source_name('orders.created_via') }} as sales_channel,
        orders.customer_id,
        orders.customer_email_hash as email_hash,
        false as is_test,
        orders.currency_code,
        orders.total_amount,
        orders.net_amount as goods_amount,
        orders.country_code
    from {{ ref('stg_woocommerce__orders') }} as orders
    {{- join_restitched(in_part, 'order', 'orders', 'order_id') }}

),

-- What a response says may be corrected to be about another order: each order notes its own.
answers as (

    select
        order_key,
        min(customer_email_hash) as email_hash,
        max(customer_email_hash) as last_email_hash,
        array_agg(response_id order by response_id) as response_ids
    from {{ ref('stg_files__post_purchase_survey') }}
    where order_key is not null
    group by order_key

),

named as (

    select
        shop_orders.connection_id,
        shop_orders.order_id,
        answers.order_key,
        answers.email_hash,
        answers.last_email_hash,
        answers.response_ids
    from answers
    inner join shop_orders on answers.order_key = shop_orders.order_id

    union distinct

    select
        shop_orders.connection_id,
        shop_orders.order_id,
        answers.order_key,
        answers.email_hash,
        answers.last_email_hash,
        answers.response_ids
    from answers
    inner join shop_orders on answers.order_key = shop_orders.order_number

),

answered as (

    select
        named.connection_id,
        named.order_id,
        named.email_hash,
        named.last_email_hash,
        -- Order names repeat between shops: then nobody knows whose answer it is.
        count(*) over (partition by named.order_key)
        {{ others_named(in_part, 'named.order_key') }} as order_count
    from named

),

-- Named by its id in one answer and by its number in another, an order has both: one row all
-- the same, and an address only if they agree.
agreed as (

    select
        connection_id,
        order_id,
        min(email_hash) as email_hash
    from answered
    where order_count = 1
    group by connection_id, order_id
    having min(email_hash) = max(last_email_hash)

),

responses as (

    select
        named.connection_id,
        named.order_id,
        array_agg(told.response_id order by told.response_id) as response_ids
    from named
    cross join lateral unnest(named.response_ids) as told (response_id)
    group by named.connection_id, named.order_id

),

identified as (

    select
        shop_orders.*,
        responses.response_ids,
        agreed.email_hash as answered_email_hash,
        coalesce(shop_orders.email_hash, agreed.email_hash) as known_email_hash
    from shop_orders
    left join agreed
        on
            shop_orders.connection_id = agreed.connection_id
            and shop_orders.order_id = agreed.order_id
    left join responses
        on
            shop_orders.connection_id = responses.connection_id
            and shop_orders.order_id = responses.order_id

),

final as (

    select
        connection_id,
        order_id,
        order_number,
        ordered_at,
        processed_at,
        sales_channel,
        is_test,
        currency_code,
        total_amount,
        goods_amount,
        country_code,
        response_ids,
        {{ customer_key('customer_id', 'connection_id') }} as customer_key,
        {{ email_key('known_email_hash', 'connection_id') }} as email_key,
        email_hash is null and answered_email_hash is not null as is_email_answered,
        coalesce(
            {{ customer_key('customer_id', 'connection_id') }},
            {{ email_key('known_email_hash', 'connection_id') }}
        ) as identity_id,
        case
            when customer_id is not null then 'shop_customer'
            when known_email_hash is not null then 'guest'
        end as identity_type
    from identified

)

select * from final
-- depends_on: {{ source('analysis', 'restitched') }} {{ source('quality', 'measure_runs') }}
-- depends_on: {{ source('quality', 'current_measure_run') }}
-- depends_on: {{ source('quality', 'load_windows') }}
-- depends_on: {{ source('quality', 'pending_loads') }} {{ source('campaign_plan', 'plan_days') }}
-- depends_on: {{ source('campaign_plan', 'plan_versions') }} {{ ref('ref_precedence_rule') }}
-- depends_on: {{ ref('int_export_sessions') }} {{ ref('stg_shopify__moved_orders') }}
-- depends_on: {{ ref('stg_shopify__customers') }} {{ ref('stg_woocommerce__customers') }}
