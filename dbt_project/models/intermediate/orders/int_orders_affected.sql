-- Which orders this run rebuilds, one row each. An order is affected when it changed (WooCommerce's
-- also by what another load tells of it), when its GA4 transaction or its customer's sessions
-- changed or were withdrawn, when a survey answer came, when a post that dates its undated evidence
-- appeared or belongs to no campaign any more, when its customer was merged, forgotten or turns out
-- to have ordered or been sent product before, when its shop changed the time zone or the currency,
-- and always when the plan, a rule or a setting of the models changed. While a fact of the chain is
-- missing (first build, full refresh) every order is affected.
{{ config(
    materialized='table',
    pre_hook='{{ tune_transaction() }}',
    post_hook=[
        'analyze {{ this }}',
        '{{ note_rebuilt_orders() }}',
        '{{ note_rebuilt_days() }}',
        '{{ forget_applied() }}',
    ],
) }}

{%- set facts = ['fct_order', 'fct_order_sale', 'fct_touchpoint', 'fct_attribution_credit'] -%}
{%- set missing = [] -%}
{%- for fact in facts if not is_built('core', fact) -%}
    {%- do missing.append(fact) -%}
{%- endfor %}
{%- for applied in ['int_fingerprints_applied', 'int_posts_applied']
    if not is_built('intermediate', applied) -%}
    {%- do missing.append(applied) -%}
{%- endfor %}

with

-- Of the table with every order, which is looked up by key: a view of WooCommerce's reads them all.
orders as {{ computed_where_named() }} (

    select
        placed.connection_id,
        placed.order_id,
        placed.order_number,
        placed.ordered_at,
        placed.processed_at,
        placed.sales_channel,
        coalesce(shops.timezone, {{ reporting_timezone() }}, 'UTC') as business_timezone
    from {{ ref('int_orders_identified') }} as placed
    left join {{ ref('int_shops') }} as shops
        on placed.connection_id = shops.connection_id

),

{% if not missing and not flags.FULL_REFRESH -%}
changed_posts as (

    {{ changed_posts() | indent(4) }}

),

-- Undated evidence is as old as its creator's last post before the order.
redated_orders as (

    select
        touches.connection_id,
        touches.order_id
    from changed_posts
    inner join {{ adapter.get_relation(target.database, 'core', 'fct_touchpoint') }} as touches
        on
            changed_posts.campaign_id = touches.campaign_id
            and changed_posts.creator_id = touches.creator_id
            and changed_posts.published_at <= touches.ordered_at
    where not touches.is_dated

),

shop_settings as (

    select
        connection_id,
        load_id,
        timezone,
        currency_code,
        lag(timezone) over (partition by connection_id order by window_start) as previous_timezone,
        lag(currency_code) over (partition by connection_id order by window_start)
            as previous_currency_code
    from {{ ref('int_shop_snapshots') }}

),

-- Another session of a visitor may be a touch of every order the visitor's customer placed.
seen_orders as (

    select
        visitors.connection_id,
        visitors.order_id
    from {{ ref('int_order_visitors') }} as visitors
    inner join {{ ref('int_export_sessions') }} as sessions
        on
            visitors.export_connection_id = sessions.connection_id
            and visitors.visitor_id = sessions.visitor_id
    where {{ is_pending('sessions.load_id') }}

),

-- What other rows decide about an order changed: its customer, their browsers, GA4's transaction.
changed_orders as (

    select
        fingerprints.connection_id,
        fingerprints.order_id
    from {{ ref('int_orders_fingerprinted') }} as fingerprints
    left join
        {{ adapter.get_relation(target.database, 'intermediate', 'int_fingerprints_applied') }}
            as applied
        on
            fingerprints.connection_id = applied.connection_id
            and fingerprints.order_id = applied.order_id
    where applied.fingerprint is distinct from fingerprints.fingerprint

),

answered_surveys as (

    select distinct answers.order_key
    from {{ ref('stg_files__post_purchase_survey') }} as answers
    where answers.load_id in {{ pending_loads() }}

),

moved_shops as (

    select connection_id
    from shop_settings
    where
        (
            timezone is distinct from previous_timezone
            or currency_code is distinct from previous_currency_code
        )
        and load_id in {{ pending_loads() }}

),

-- One reason each, by key: while nothing was withdrawn, moved or answered nobody reads all orders.
affected_keys as (

    {%- for model in ['stg_shopify__orders', 'stg_woocommerce__orders'] %}

    select
        connection_id,
        order_id
    from {{ ref(model) }}
    where {{ is_pending('load_id') }}

    union
    {%- endfor %}

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
    from {{ ref('int_woocommerce_orders_restated') }}

    union

    select
        connection_id,
        order_id
    from seen_orders

    union

    select
        connection_id,
        order_id
    from changed_orders

    union

    select
        connection_id,
        order_id
    from redated_orders

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
    where {{ is_of_orders('orders', 'affected_keys') }}

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

    select * from {{ ref('stg_campaign_plan__campaign_shops') }}

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
-- depends_on: {{ ref('int_posts_matched') }} {{ ref('int_woocommerce_orders_restated') }}
-- depends_on: {{ ref('int_orders_fingerprinted') }} {{ ref('int_order_visitors') }}
-- depends_on: {{ ref('stg_campaign_plan__campaigns') }} {{ ref('int_shop_snapshots') }}
-- depends_on: {{ source('quality', 'pending_loads') }} {{ source('quality', 'load_windows') }}
-- depends_on: {{ source('campaign_plan', 'plan_versions') }} {{ ref('ref_precedence_rule') }}
-- depends_on: {{ ref('int_export_sessions') }} {{ ref('stg_files__post_purchase_survey') }}
-- depends_on: {{ source('campaign_plan', 'plan_days') }}
-- depends_on: {{ source('analysis', 'rebuilt_orders') }}
-- depends_on: {{ source('analysis', 'rebuilt_days') }} {{ source('analysis', 'day_readers') }}
-- depends_on: {{ source('analysis', 'restitched') }} {{ ref('stg_ga4__transactions') }}
-- depends_on: {{ ref('stg_shopify__orders') }} {{ ref('stg_woocommerce__orders') }}
