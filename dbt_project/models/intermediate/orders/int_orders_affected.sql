-- Which orders this run rebuilds, one row each. An order is affected when it changed, when its GA4
-- transaction or its visitor's sessions changed or may have been withdrawn, when a survey answer
-- came, when a post appeared that may carry its undated evidence, when its customer turns out to
-- have been sent product, when its shop changed the time zone, and always when the plan, a rule or
-- a setting of the models changed.
-- While a fact of the chain is missing (first build, full refresh) every order is affected.
{{ config(
    materialized='table',
    pre_hook='{{ tune_transaction() }}',
    post_hook='analyze {{ this }}',
) }}

{%- set facts = ['fct_order', 'fct_order_sale', 'fct_touchpoint', 'fct_attribution_credit'] -%}
{%- set missing = [] -%}
{%- for fact in facts if not is_built('core', fact) -%}
    {%- do missing.append(fact) -%}
{%- endfor %}

with

orders as {{ computed_where_named() }} (

    select
        stg_orders.connection_id,
        stg_orders.order_id,
        stg_orders.order_number,
        stg_orders.created_at as ordered_at,
        stg_orders.processed_at,
        stg_orders.customer_id,
        stg_orders.source_name as sales_channel,
        stg_orders.load_id,
        coalesce(shops.timezone, {{ reporting_timezone() }}, 'UTC') as business_timezone
    from {{ ref('stg_shopify__orders') }} as stg_orders
    left join {{ ref('int_shops') }} as shops
        on stg_orders.connection_id = shops.connection_id

),

{% if not missing and not flags.FULL_REFRESH -%}
pending_transactions as (

    select
        joined_transactions.connection_id,
        joined_transactions.order_id
    from {{ ref('int_ga4_transactions_joined') }} as joined_transactions
    where joined_transactions.load_id in {{ pending_loads() }}

),

withdrawn_transactions as (

    select
        load_windows.window_end as to_at,
        {{ days_after('load_windows.window_start', - var('ga4_reread_days')) }} as from_date
    from {{ source('quality', 'load_windows') }} as load_windows
    where
        load_windows.load_id in {{ pending_loads() }}
        and load_windows.source = 'ga4'
        and load_windows.stream = 'transactions'
        and load_windows.rows_deleted > 0

),

-- A gift that is read late makes its customer's earlier orders look different.
newly_seeded as (

    select distinct
        orders.connection_id,
        orders.customer_id
    from orders
    inner join {{ ref('int_seeded_customers') }} as seeded
        on
            orders.connection_id = seeded.connection_id
            and orders.customer_id = seeded.customer_id
            and orders.ordered_at = seeded.first_gift_at
    where orders.load_id in {{ pending_loads() }}

),

new_posts as (

    select
        campaigns.shop_connection_id as connection_id,
        posts.published_at as from_at,
        posts.published_at + campaigns.lookback_days * interval '1 day' as to_at
    from {{ ref('int_posts_matched') }} as posts
    inner join {{ ref('stg_campaign_plan__campaigns') }} as campaigns
        on posts.campaign_id = campaigns.campaign_id
    where posts.first_load_id in {{ pending_loads() }}

),

shop_zones as (

    select
        connection_id,
        load_id,
        timezone,
        lag(timezone) over (partition by connection_id order by window_start) as previous_timezone
    from {{ ref('stg_shopify__shop') }}

),

-- Another session of a visitor may be a touch of every order the visitor is known to have placed.
seen_purchases as (

    select distinct purchases.transaction_key
    from {{ ref('int_export_sessions') }} as purchases
    where
        purchases.transaction_key is not null
        and purchases.visitor_id in (
            select seen.visitor_id
            from {{ ref('int_export_sessions') }} as seen
            where seen.load_id in {{ pending_loads() }}
        )

),

answered_surveys as (

    select distinct answers.order_key
    from {{ ref('stg_files__post_purchase_survey') }} as answers
    where answers.load_id in {{ pending_loads() }}

),

moved_shops as (

    select connection_id
    from shop_zones
    where
        timezone is distinct from previous_timezone
        and load_id in {{ pending_loads() }}

),

-- One reason each, by key: while nothing was withdrawn, moved or answered nobody reads all orders.
affected_keys as (

    select
        connection_id,
        order_id
    from orders
    where load_id in {{ pending_loads() }}

    union

    select
        connection_id,
        order_id
    from orders
    where {{ plan_changed() }} or {{ attribution_settings_changed() }}

    union

    select
        orders.connection_id,
        orders.order_id
    from moved_shops
    inner join orders on moved_shops.connection_id = orders.connection_id

    union

    select
        connection_id,
        order_id
    from pending_transactions

    union

    select
        orders.connection_id,
        orders.order_id
    from seen_purchases
    inner join orders on seen_purchases.transaction_key = orders.order_id

    union

    select
        orders.connection_id,
        orders.order_id
    from seen_purchases
    inner join orders on seen_purchases.transaction_key = orders.order_number

    union

    select
        orders.connection_id,
        orders.order_id
    from answered_surveys
    inner join orders on answered_surveys.order_key = orders.order_id

    union

    select
        orders.connection_id,
        orders.order_id
    from answered_surveys
    inner join orders on answered_surveys.order_key = orders.order_number

    union

    select
        orders.connection_id,
        orders.order_id
    from newly_seeded
    inner join orders
        on
            newly_seeded.connection_id = orders.connection_id
            and newly_seeded.customer_id = orders.customer_id

    union

    select
        orders.connection_id,
        orders.order_id
    from withdrawn_transactions
    inner join orders
        on
            withdrawn_transactions.from_date <= orders.ordered_at
            and withdrawn_transactions.to_at > orders.ordered_at

    union

    select
        orders.connection_id,
        orders.order_id
    from new_posts
    inner join orders
        on
            new_posts.connection_id = orders.connection_id
            and new_posts.from_at <= orders.ordered_at
            and new_posts.to_at >= orders.ordered_at

),

affected as (

    select
        orders.connection_id,
        orders.order_id,
        orders.order_number,
        orders.sales_channel,
        orders.ordered_at,
        {{ business_date('orders.processed_at', 'orders.business_timezone') }} as order_date,
        orders.business_timezone
    from affected_keys
    inner join orders
        on
            affected_keys.connection_id = orders.connection_id
            and affected_keys.order_id = orders.order_id

)

{%- else -%}
affected as (

    select
        connection_id,
        order_id,
        order_number,
        sales_channel,
        ordered_at,
        {{ business_date('processed_at', 'business_timezone') }} as order_date,
        business_timezone
    from orders

)

{%- endif %},

campaigns as (

    select * from {{ ref('stg_campaign_plan__campaigns') }}

),

final as (

    select
        affected.*,
        case
            when exists (
                select 1
                from campaigns
                where
                    affected.connection_id = campaigns.shop_connection_id
                    and affected.order_date
                    >= {{ days_after('campaigns.start_date', '-campaigns.lookback_days') }}
                    and affected.order_date
                    <= {{ days_after('campaigns.end_date', 'campaigns.lookback_days') }}
            ) then true
            else false
        end as has_every_rule_version
    from affected

)

select * from final
-- depends_on: {{ ref('int_ga4_transactions_joined') }} {{ ref('int_posts_matched') }}
-- depends_on: {{ ref('int_seeded_customers') }}
-- depends_on: {{ ref('stg_campaign_plan__campaigns') }} {{ ref('stg_shopify__shop') }}
-- depends_on: {{ source('quality', 'pending_loads') }} {{ source('quality', 'load_windows') }}
-- depends_on: {{ source('campaign_plan', 'plan_versions') }} {{ ref('ref_precedence_rule') }}
-- depends_on: {{ ref('int_export_sessions') }} {{ ref('stg_files__post_purchase_survey') }}
-- depends_on: {{ source('campaign_plan', 'plan_days') }}
