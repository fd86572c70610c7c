-- One row per order whose visit WooCommerce's own attribution noted: the last one before the order,
-- under the same names as a visit of Shopify's journey.
-- The visitor's clock says when it began. A clock that cannot be right (later than the order, or
-- more than a day before it, when the session would long be over) leaves the order's own instant.
with

orders as (

    select *
    from {{ ref('stg_woocommerce__orders') }}
    where referrer_type is not null and referrer_type <> 'admin'

),

visits as (

    select
        connection_id,
        order_id,
        'order_attribution' as visit_id,
        case
            when
                session_started_at <= created_at
                and session_started_at >= created_at - interval '1 day'
                then session_started_at
            else created_at
        end as occurred_at,
        landing_page_url,
        landing_path,
        referrer_url,
        case
            when referrer_type = 'typein' then 'direct'
            when referrer_url is null then 'unknown'
            when referrer_url ~* '^https?://([^/]*\.)?instagram\.' then 'instagram'
            when referrer_url ~* '^https?://([^/]*\.)?facebook\.' then 'facebook'
            when referrer_url ~* '^https?://([^/]*\.)?tiktok\.' then 'tiktok'
            when referrer_url ~* '^https?://([^/]*\.)?(youtube|youtu)\.' then 'youtube'
            when referrer_url ~* '^https?://([^/]*\.)?pinterest\.' then 'pinterest'
            else referrer_url
        end as referrer_source,
        case when referrer_type = 'organic' then 'SEO' end as referrer_type,
        -- Only a visit by a link has utm values of its own; for others the shop fills them in.
        case when referrer_type = 'utm' then utm_source_key end as utm_source_key,
        case when referrer_type = 'utm' then utm_medium_key end as utm_medium_key,
        case when referrer_type = 'utm' then utm_campaign_key end as utm_campaign_key,
        case when referrer_type = 'utm' then utm_content_key end as utm_content_key,
        case when referrer_type = 'utm' then utm_campaign end as utm_campaign,
        case when referrer_type = 'utm' then utm_content end as utm_content,
        load_id
    from orders

)

select * from visits
