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

matched as (

    {{ linked_to_creators(
        'sessions',
        'session_date',
        [
            'connection_id', 'property_id', 'session_date', 'session_source', 'session_medium',
            'session_campaign', 'session_content',
        ],
    ) | indent(4) }}

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

)

select * from final
-- depends_on: {{ source('quality', 'pending_loads') }} {{ source('quality', 'load_windows') }}
-- depends_on: {{ source('campaign_plan', 'plan_versions') }}
-- depends_on: {{ source('campaign_plan', 'plan_days') }}
