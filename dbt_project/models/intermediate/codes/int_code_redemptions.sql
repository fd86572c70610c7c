-- One row per order and redeemed code that a creator of a campaign owned on the order's date, with
-- what the order tells about how its customer came by the code.
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

-- A code typed twice on one order is one redemption.
redeemed as (

    select
        connection_id,
        order_id,
        code_key,
        min(code) as typed_code
    from typed
    where code_key is not null
    group by connection_id, order_id, code_key

),

shared as (

    select
        redeemed.*,
        not coalesce(shop_codes.is_free_shipping, false) as is_goods_code,
        {{ count_where('not coalesce(shop_codes.is_free_shipping, false)') }} over (
            partition by redeemed.connection_id, redeemed.order_id
        ) as goods_code_count,
        row_number() over (
            partition by
                redeemed.connection_id,
                redeemed.order_id,
                coalesce(shop_codes.is_free_shipping, false)
            order by {{ byte_order('redeemed.code_key') }}
        ) as goods_code_number
    from redeemed
    left join shop_codes
        on
            redeemed.connection_id = shop_codes.connection_id
            and redeemed.code_key = shop_codes.code_key

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
        codes.campaign_id,
        codes.creator_id,
        shared.code_key,
        shared.typed_code,
        shared.typed_code = codes.code as is_exact_spelling,
        shared.goods_code_count,
        case when shared.is_goods_code then shared.goods_code_number end as goods_code_number,
        codes.valid_from_date,
        orders.ordered_at,
        orders.order_date,
        orders.order_class,
        orders.customer_id,
        orders.is_new_customer,
        orders.currency_code,
        orders.sale_amount,
        orders.net_revenue_amount,
        coalesce(sold.discount_amount, 0) as discount_amount,
        (coalesce(orders.is_journey_ready, false) and coalesce(orders.moment_count, 0) > 0)
        or orders.ga4_transaction_id is not null as has_known_visits,
        row_number() over (
            partition by shared.connection_id, shared.order_id, shared.code_key
            order by codes.valid_from_date desc, codes.campaign_id asc, codes.creator_id asc
        ) as owner_number
    from shared
    inner join {{ ref('fct_order') }} as orders
        on
            shared.connection_id = orders.connection_id
            and shared.order_id = orders.order_id
    inner join {{ ref('int_codes_owned') }} as codes
        on
            shared.connection_id = codes.connection_id
            and shared.code_key = codes.code_key
            and orders.order_date >= codes.valid_from_date
            and (codes.valid_to_date is null or orders.order_date <= codes.valid_to_date)
    left join sold
        on
            shared.connection_id = sold.connection_id
            and shared.order_id = sold.order_id

),

-- Who else the order shows: the owner by a link, page, session or answer, or another creator.
met as (

    select
        owned.connection_id,
        owned.order_id,
        owned.code_key,
        bool_or(
            touches.creator_id = owned.creator_id
            and {{ has_other_than_code_evidence('touches') }}
        ) as has_owner_evidence,
        bool_or(
            touches.creator_id <> owned.creator_id
            and {{ has_other_than_code_evidence('touches') }}
        ) as has_other_creator,
        bool_or(
            touches.creator_id = owned.creator_id
            and position('compromised_code' in touches.evidence_types) > 0
        ) as is_compromised
    from owned
    inner join {{ ref('dim_campaign') }} as campaigns on owned.campaign_id = campaigns.campaign_id
    inner join {{ ref('fct_touchpoint') }} as touches
        on
            owned.connection_id = touches.connection_id
            and owned.order_id = touches.order_id
            and campaigns.default_rule_version = touches.rule_version
            and owned.campaign_id = touches.campaign_id
    where owned.owner_number = 1 and touches.is_in_window
    group by owned.connection_id, owned.order_id, owned.code_key

),

-- What the journey of an owner's order began with. A pattern is dear: it is asked once of each
-- visit, not of each visit and site.
visits as {{ computed_once() }} (

    select distinct
        owned.connection_id,
        owned.order_id,
        moments.utm_source_key,
        {{ url_host('moments.referrer_url') }} as referrer_host
    from owned
    inner join {{ ref('stg_shopify__order_moments') }} as moments
        on
            owned.connection_id = moments.connection_id
            and owned.order_id = moments.order_id
            and owned.ordered_at >= moments.occurred_at

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
        owned.is_new_customer,
        owned.currency_code,
        owned.goods_code_count > 1 and owned.goods_code_number is not null as is_shared,
        coalesce(met.has_owner_evidence, false) as has_owner_evidence,
        coalesce(met.has_other_creator, false)
        and not coalesce(met.has_owner_evidence, false) as is_stray,
        coalesce(met.is_compromised, false) as is_compromised,
        owned.has_known_visits or coalesce(met.has_owner_evidence, false) as has_known_visits,
        coupon_visits.order_id is not null as has_coupon_site,
        -- A creator abroad who sells to the shop's own market has leaked nothing.
        places.country_code not in (creators.country_code, homes.country_code) as is_abroad,
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
    where owned.owner_number = 1

)

select * from final
-- depends_on: {{ ref('int_orders_affected') }} {{ source('analysis', 'restitched') }}
-- depends_on: {{ source('quality', 'pending_loads') }}
