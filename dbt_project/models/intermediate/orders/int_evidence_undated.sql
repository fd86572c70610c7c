-- One row per affected order and piece of evidence that names a creator but no instant: redeemed
-- codes of their owner on the order's date, and the session GA4 holds for the order's transaction.
with

affected as (

    select * from {{ ref('int_orders_affected') }}

),

redeemed_codes as (

    select
        affected.connection_id,
        affected.order_id,
        code_owners.campaign_id,
        code_owners.creator_id,
        'discount_code' as evidence_type,
        30 as evidence_rank,
        code_owners.code_key as evidence_value,
        code_owners.valid_from_date as owner_from_date,
        row_number() over (
            partition by affected.connection_id, affected.order_id, code_owners.code_key
            order by
                code_owners.valid_from_date desc,
                code_owners.campaign_id asc,
                code_owners.creator_id asc
        ) as match_number
    from affected
    inner join {{ ref('stg_shopify__order_discount_codes') }} as redeemed
        on
            affected.connection_id = redeemed.connection_id
            and affected.order_id = redeemed.order_id
    inner join {{ ref('int_codes_owned') }} as code_owners
        on
            redeemed.connection_id = code_owners.connection_id
            and redeemed.code_key = code_owners.code_key
            and affected.order_date >= code_owners.valid_from_date
            and (
                code_owners.valid_to_date is null
                or affected.order_date <= code_owners.valid_to_date
            )

),

ga4_sessions as (

    select
        affected.connection_id,
        affected.order_id,
        links.campaign_id,
        links.creator_id,
        'ga4_session' as evidence_type,
        10 as evidence_rank,
        ga4_orders.transaction_id as evidence_value,
        links.valid_from_date as owner_from_date,
        row_number() over (
            partition by affected.connection_id, affected.order_id
            order by links.campaign_id, links.link_id
        ) as match_number
    from affected
    inner join {{ ref('int_ga4_transactions_joined') }} as ga4_orders
        on
            affected.connection_id = ga4_orders.connection_id
            and affected.order_id = ga4_orders.order_id
    inner join {{ ref('stg_campaign_plan__campaigns') }} as campaigns
        on affected.connection_id = campaigns.shop_connection_id
    inner join {{ ref('stg_campaign_plan__links') }} as links
        on
            campaigns.campaign_id = links.campaign_id
            and ga4_orders.utm_campaign_key = links.utm_campaign_key
            and ga4_orders.utm_content_key = links.utm_content_key
            and affected.order_date >= links.valid_from_date
            and (links.valid_to_date is null or affected.order_date <= links.valid_to_date)

),

undated as (

    select * from redeemed_codes
    where match_number = 1

    union all

    select * from ga4_sessions
    where match_number = 1

)

select
    connection_id,
    order_id,
    campaign_id,
    creator_id,
    evidence_type,
    evidence_rank,
    evidence_value,
    owner_from_date
from undated
