-- One row per order and redeemed code that a creator of a campaign owned on the order's date, with
-- what the order tells about how its customer came by the code. Whose a code is and how it may be
-- spelled is settled as for touches: what earns credit is watched.
-- An order with several codes is shared among those that can have lowered its goods (a code for
-- free shipping lowers none): each takes an equal part of gross, discount and net revenue.
-- The shop does not say which code gave which discount.
-- Kept from run to run but for orders that were rebuilt or stitched anew (their customer may have
-- moved) and those of codes the shop changed.
{%- set in_part = redeems_in_part() %}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        "{{ tune_transaction() if redeems_in_part() else join_whole_tables() }}",
        '{{ forget_redeemed() }}',
    ],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['connection_id', 'order_id']}],
) }}

with

-- A shop's home is told by all its orders: worked out once, not again for each redemption.
homes as {{ computed_once() }} (

    select
        connection_id,
        country_code
    from {{ ref('int_shop_homes') }}

),

shop_codes as (

    select
        connection_id,
        code_key,
        bool_and(is_free_shipping) as is_free_shipping
    from {{ ref('int_shop_codes') }}
    group by connection_id, code_key

),

typed as (
    {% for model in ['stg_shopify__order_discount_codes', 'stg_woocommerce__order_coupon_lines'] %}
    select
        codes.connection_id,
        codes.order_id,
        codes.code_key,
        codes.code
    from {{ ref(model) }} as codes
    {{- join_redeemed_anew(in_part, 'codes') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

redeemed as (

    select
        typed.connection_id,
        typed.order_id,
        typed.code,
        typed.code_key,
        {{ loose_key('typed.code_key') }} as loose_code_key,
        orders.order_date
    from typed
    inner join {{ ref('fct_order') }} as orders
        on
            typed.connection_id = orders.connection_id
            and typed.order_id = orders.order_id

),

code_owners as {{ computed_once() }} (

    {{ code_owners() | indent(4) }}

),

code_candidates as (

    {{ code_candidates('redeemed') | indent(4) }}

),

code_matches as (

    {{ code_matches('code_candidates') | indent(4) }}

),

typed_keys as (

    select distinct
        connection_id,
        order_id,
        code_key
    from typed
    where code_key is not null

),

-- What is nobody's keeps its own spelling: it lowers the order's goods all the same.
named as (

    select
        typed_keys.connection_id,
        typed_keys.order_id,
        coalesce(code_matches.code_key, typed_keys.code_key) as code_key,
        coalesce(shop_codes.is_free_shipping, false) as is_free_shipping,
        code_matches.redeemed_code as typed_code,
        code_matches.match_quality,
        code_matches.campaign_id,
        code_matches.creator_id,
        code_matches.compromised_from_date
    from typed_keys
    left join code_matches
        on
            typed_keys.connection_id = code_matches.connection_id
            and typed_keys.order_id = code_matches.order_id
            and typed_keys.code_key = code_matches.redeemed_key
    left join shop_codes
        on
            typed_keys.connection_id = shop_codes.connection_id
            and typed_keys.code_key = shop_codes.code_key

),

-- A code typed twice on one order, or in two spellings, is one redemption.
spelled as (

    select
        *,
        bool_or(not is_free_shipping) over (
            partition by connection_id, order_id, code_key
        ) as is_goods_code,
        row_number() over (
            partition by connection_id, order_id, code_key
            order by {{ match_rank('match_quality') }}, {{ byte_order('typed_code') }}
        ) as spelling_number
    from named

),

shared as (

    select
        *,
        {{ count_where('is_goods_code') }} over (
            partition by connection_id, order_id
        ) as goods_code_count,
        row_number() over (
            partition by connection_id, order_id, is_goods_code
            order by {{ byte_order('code_key') }}
        ) as goods_code_number
    from spelled
    where spelling_number = 1

),

sold as (

    select
        sales.connection_id,
        sales.order_id,
        sum(sales.discount_amount) as discount_amount
    from {{ ref('fct_order_sale') }} as sales
    {{- join_redeemed_anew(in_part, 'sales') }}
    where sales.reason = 'ORDER' and sales.is_net_revenue
    group by sales.connection_id, sales.order_id

),

owned as (

    select
        shared.connection_id,
        shared.order_id,
        shared.campaign_id,
        shared.creator_id,
        shared.code_key,
        shared.typed_code,
        shared.match_quality = 'exact' as is_exact_spelling,
        shared.goods_code_count,
        case when shared.is_goods_code then shared.goods_code_number end as goods_code_number,
        coalesce(orders.order_date >= shared.compromised_from_date, false) as is_compromised,
        orders.ordered_at,
        orders.order_date,
        orders.order_class,
        orders.sales_channel,
        orders.is_new_customer,
        orders.currency_code,
        orders.sale_amount,
        orders.net_revenue_amount,
        coalesce(sold.discount_amount, 0) as discount_amount,
        (coalesce(orders.is_journey_ready, false) and coalesce(orders.moment_count, 0) > 0)
        or orders.ga4_transaction_id is not null as has_known_visits
    from shared
    inner join {{ ref('fct_order') }} as orders
        on
            shared.connection_id = orders.connection_id
            and shared.order_id = orders.order_id
    left join sold
        on
            shared.connection_id = sold.connection_id
            and shared.order_id = sold.order_id
    where shared.creator_id is not null

),

-- Who else the order shows: the owner by a link, page, session or answer, or another creator, in
-- whichever campaign of theirs. Every order has its touches under the first rule version.
met as (

    select
        owned.connection_id,
        owned.order_id,
        owned.code_key,
        bool_or(touches.creator_id = owned.creator_id) as has_owner_evidence,
        bool_or(touches.creator_id <> owned.creator_id) as has_other_creator
    from owned
    inner join {{ ref('fct_touchpoint') }} as touches
        on
            owned.connection_id = touches.connection_id
            and owned.order_id = touches.order_id
    where
        touches.rule_version = '{{ var("attribution_rule_versions")[0] }}'
        and touches.is_in_window
        and {{ has_other_than_code_evidence('touches') }}
    group by owned.connection_id, owned.order_id, owned.code_key

),

-- What the journey of an owner's order began with, as its shop tells it. A pattern is dear: it is
-- asked once of each visit, not of each visit and site.
visits as {{ computed_once() }} (
    {% for model in ['stg_shopify__order_moments', 'int_woocommerce_visits'] %}
    select distinct
        owned.connection_id,
        owned.order_id,
        moments.utm_source_key,
        {{ url_host('moments.referrer_url') }} as referrer_host
    from owned
    inner join {{ ref(model) }} as moments
        on
            owned.connection_id = moments.connection_id
            and owned.order_id = moments.order_id
            and owned.ordered_at >= moments.occurred_at
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

coupon_visits as (

    select distinct
        visits.connection_id,
        visits.order_id
    from visits
    inner join {{ ref('ref_coupon_site') }} as sites
        on
            visits.referrer_host = sites.host
            or visits.referrer_host like '%.' || sites.host
            or visits.utm_source_key = sites.host

),

final as (

    select
        owned.connection_id,
        owned.order_id,
        owned.campaign_id,
        owned.creator_id,
        owned.code_key,
        owned.typed_code,
        owned.is_exact_spelling,
        owned.ordered_at,
        owned.order_date,
        owned.order_class,
        owned.sales_channel,
        owned.is_new_customer,
        owned.currency_code,
        owned.goods_code_count > 1 and owned.goods_code_number is not null as is_shared,
        coalesce(met.has_owner_evidence, false) as has_owner_evidence,
        coalesce(met.has_other_creator, false)
        and not coalesce(met.has_owner_evidence, false) as is_stray,
        owned.is_compromised,
        owned.has_known_visits or coalesce(met.has_owner_evidence, false) as has_known_visits,
        coupon_visits.order_id is not null as has_coupon_site,
        -- A creator abroad who sells to the shop's own market has leaked nothing. Where one of the
        -- two is unknown nobody can tell: half an answer would know orders from home alone.
        case
            when creators.country_code is not null and homes.country_code is not null
                then places.country_code not in (creators.country_code, homes.country_code)
        end as is_abroad,
        homes.country_code as home_country_code,
        {{ coupon_sites_key() }} as coupon_sites_key,
        {{ nth_part(
            'owned.sale_amount + owned.discount_amount',
            'owned.goods_code_number',
            'owned.goods_code_count'
        ) }} as gross_amount,
        {{ nth_part(
            'owned.discount_amount',
            'owned.goods_code_number',
            'owned.goods_code_count'
        ) }} as discount_amount,
        {{ nth_part(
            'owned.net_revenue_amount',
            'owned.goods_code_number',
            'owned.goods_code_count'
        ) }} as net_revenue_amount
    from owned
    left join met
        on
            owned.connection_id = met.connection_id
            and owned.order_id = met.order_id
            and owned.code_key = met.code_key
    left join coupon_visits
        on
            owned.connection_id = coupon_visits.connection_id
            and owned.order_id = coupon_visits.order_id
    left join {{ ref('dim_creator') }} as creators
        on
            owned.campaign_id = creators.campaign_id
            and owned.creator_id = creators.creator_id
    left join {{ ref('int_order_places') }} as places
        on
            owned.connection_id = places.connection_id
            and owned.order_id = places.order_id
    left join homes
        on owned.connection_id = homes.connection_id

)

select * from final
-- depends_on: {{ ref('int_orders_affected') }} {{ source('analysis', 'restitched') }}
-- depends_on: {{ source('quality', 'pending_loads') }}
