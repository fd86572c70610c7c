{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ forget_reread_session_dates() }}',
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['session_date', 'property_id', 'connection_id']}],
) }}

-- Sessions asked for without pages: GA4 counts a session once per landing page it lists, so a sum
-- over pages is too high (stg_ga4__sessions keeps the pages).
with

sessions as (

    select ga4_sessions.*
    from {{ ref('stg_ga4__source_sessions') }} as ga4_sessions
    {% if is_incremental() -%}
    where {{ is_session_date_reread('ga4_sessions.session_date', 'ga4_sessions.connection_id') }}
    {%- endif %}

),

link_matches as (

    select
        utm_campaign_key,
        utm_content_key,
        campaign_id,
        creator_id,
        valid_from_date,
        coalesce(valid_to_date, cast('9999-12-31' as date)) as valid_to_date,
        row_number() over (
            partition by utm_campaign_key, utm_content_key, valid_from_date
            order by campaign_id, link_id
        ) as match_number
    from {{ ref('stg_campaign_plan__links') }}

),

matched as (

    select
        sessions.*,
        link_matches.campaign_id,
        link_matches.creator_id,
        row_number() over (
            partition by
                sessions.connection_id,
                sessions.property_id,
                sessions.session_date,
                sessions.session_source,
                sessions.session_medium,
                sessions.session_campaign,
                sessions.session_content
            order by link_matches.valid_from_date desc, link_matches.campaign_id asc
        ) as match_number
    from sessions
    left join link_matches
        on
            sessions.utm_campaign_key = link_matches.utm_campaign_key
            and sessions.utm_content_key = link_matches.utm_content_key
            and sessions.session_date >= link_matches.valid_from_date
            and sessions.session_date <= link_matches.valid_to_date
            and link_matches.match_number = 1

),

final as (

    select
        connection_id,
        property_id,
        session_date,
        date_timezone,
        session_source,
        session_medium,
        session_campaign,
        session_content,
        campaign_id,
        creator_id,
        session_count,
        engaged_session_count,
        engagement_seconds,
        add_to_cart_count,
        checkout_count,
        purchase_count,
        purchase_amount,
        key_event_count,
        currency_code,
        is_thresholded,
        has_other_row,
        is_sampled
    from matched
    where match_number = 1

)

select * from final
-- depends_on: {{ source('quality', 'pending_loads') }} {{ source('quality', 'load_windows') }}
-- depends_on: {{ source('campaign_plan', 'plan_versions') }}
-- depends_on: {{ source('campaign_plan', 'plan_days') }}
