-- One row per session of GA4's event export: its first instant, the creator or channel its own
-- link, page or referrer names, and the purchase in it. Rebuilt for sessions of the run's loads,
-- and for those that lost an event to one of them.
-- A session that GA4 credits to an earlier source without a link of its own is direct: no click.
-- Visitor and session ids are hashes. Empty while the export is not read.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ forget_reread_sessions() }}',
    post_hook='{{ analyze_when_grown() }}',
    indexes=[
        {'columns': ['session_id']},
        {'columns': ['visitor_id']},
        {'columns': ['user_id']},
        {'columns': ['transaction_key']},
    ],
) }}

with

exported as {{ computed_where_named() }} (

    select *
    from {{ ref('stg_ga4_export__events') }}
    where session_key is not null

),

{% if is_incremental() -%}
-- Joined, not asked for by `in`: beside an `or` that would compare every event with every other.
reread as (

    select distinct
        connection_id,
        session_key
    from exported
    where load_id in {{ pending_loads() }}

    union distinct

    -- The hook has forgotten sessions that lost an event; what is left of them is here alone.
    select distinct
        exported.connection_id,
        exported.session_key
    from exported
    left join {{ this }} as known_sessions
        on
            {{ hashed_key('exported.session_key', 'exported.connection_id') }}
            = known_sessions.session_id
    where
        exported.event_date >= {{ days_after(withdrawn_sessions_from(), -2) }}
        and known_sessions.session_id is null

),

{% endif -%}

events as (

    select
        exported.*,
        {{ hashed_key('exported.session_key', 'exported.connection_id') }} as session_id,
        {{ hashed_key('exported.user_pseudo_id', 'exported.connection_id') }} as visitor_id,
        case
            when
                exported.event_name = 'purchase' and exported.transaction_key <> '(not set)'
                then exported.transaction_key
        end
            as purchase_key
    from exported
    {% if is_incremental() -%}
    left join reread
        on
            exported.connection_id = reread.connection_id
            and exported.session_key = reread.session_key
    where
        reread.session_key is not null
        or {{ plan_changed() }}
        or {{ attribution_settings_changed() }}
    {% endif %}
),

placed_events as (

    select
        *,
        row_number() over (
            partition by session_id
            order by case when has_own_source then 0 else 1 end, occurred_at, event_key
        ) as source_number,
        row_number() over (partition by session_id order by occurred_at, event_key)
            as event_number
    from events

),

sessions as (

    select
        connection_id,
        visitor_id,
        session_id,
        {{ whole_second('min(occurred_at)') }} as touched_at,
        max(load_id) as load_id,
        count(*) as event_count,
        max(case when event_number = 1 then page_path end) as landing_path,
        max(case when event_number = 1 then lower(hostname) end) as hostname,
        max(case when source_number = 1 and has_own_source then utm_campaign_key end)
            as utm_campaign_key,
        max(case when source_number = 1 and has_own_source then utm_content_key end)
            as utm_content_key,
        max(case when source_number = 1 and has_own_source then touch_campaign end)
            as utm_campaign,
        max(case when source_number = 1 and has_own_source then touch_content end)
            as utm_content,
        max(case when source_number = 1 and has_own_source then {{ utm_key('touch_source') }} end)
            as utm_source_key,
        max(case when source_number = 1 and has_own_source then {{ utm_key('touch_medium') }} end)
            as utm_medium_key,
        {{ whole_second('min(case when purchase_key is not null then occurred_at end)') }}
            as purchased_at,
        min(purchase_key) as transaction_key,
        max(case when purchase_key is not null then value_amount end) as purchase_amount,
        max(case when purchase_key is not null then currency_code end) as purchase_currency_code,
        max({{ hashed_key('user_id', 'connection_id') }}) as user_id
    from placed_events
    group by connection_id, visitor_id, session_id

),

visits as (

    select
        sessions.connection_id,
        sessions.visitor_id,
        sessions.session_id,
        sessions.touched_at,
        sessions.load_id,
        sessions.event_count,
        sessions.landing_path,
        sessions.hostname,
        sessions.utm_campaign,
        sessions.utm_content,
        sessions.utm_campaign_key,
        sessions.utm_content_key,
        {{ known_key('sessions.utm_source_key') }} as utm_source_key,
        {{ known_key('sessions.utm_medium_key') }} as utm_medium_key,
        sessions.purchased_at,
        sessions.transaction_key,
        sessions.purchase_amount,
        sessions.purchase_currency_code,
        sessions.user_id,
        cast(null as text) as referrer_source,
        cast(null as text) as referrer_type,
        cast(null as text) as referrer_url,
        {{ business_date('sessions.touched_at', "coalesce(" ~ reporting_timezone() ~ ", 'UTC')") }}
            as touched_date
    from sessions

),

link_candidates as (

    select
        visits.session_id,
        links.campaign_id,
        links.creator_id,
        links.link_id,
        {{ utm_match_quality('visits', 'links') }} as match_quality
    from visits
    inner join {{ ref('stg_campaign_plan__links') }} as links
        on
            {{ utm_is_alike('visits', 'links') }}
            and {{ holds_on_day('links', 'visits.touched_date') }}

),

link_matches as (

    {{ best_matches(
        'link_candidates', ['session_id'], ['campaign_id', 'link_id']
    ) | indent(4) }}

),

page_matches as (

    select
        visits.session_id,
        pages.campaign_id,
        pages.creator_id,
        row_number() over (
            partition by visits.session_id
            order by pages.valid_from_date desc, pages.campaign_id asc, pages.creator_id asc
        ) as match_number
    from visits
    inner join {{ ref('stg_campaign_plan__landing_pages') }} as pages
        on
            visits.landing_path = pages.landing_path
            and {{ holds_on_day('pages', 'visits.touched_date') }}

),

classified as (

    select
        visits.connection_id,
        visits.visitor_id,
        visits.session_id,
        visits.touched_at,
        visits.touched_date,
        coalesce(link_matches.campaign_id, page_matches.campaign_id) as campaign_id,
        coalesce(link_matches.creator_id, page_matches.creator_id) as creator_id,
        coalesce(link_matches.match_quality, 'exact') as match_quality,
        {{ other_channel('visits') }} as other_channel,
        visits.purchased_at,
        visits.transaction_key,
        visits.purchase_amount,
        visits.purchase_currency_code,
        visits.user_id,
        visits.load_id,
        visits.event_count,
        visits.hostname
    from visits
    left join link_matches
        on visits.session_id = link_matches.session_id
    left join page_matches
        on visits.session_id = page_matches.session_id and page_matches.match_number = 1

)

select
    connection_id,
    visitor_id,
    session_id,
    touched_at,
    touched_date,
    campaign_id,
    creator_id,
    case
        when creator_id is not null then 'creator'
        when other_channel is not null then 'other_channel'
        else 'direct'
    end as channel_type,
    coalesce(creator_id, other_channel, 'direct') as channel,
    purchased_at,
    transaction_key,
    load_id,
    match_quality,
    user_id,
    purchase_amount,
    purchase_currency_code,
    event_count,
    hostname
from classified
-- depends_on: {{ source('quality', 'pending_loads') }} {{ source('quality', 'load_windows') }}
-- depends_on: {{ source('campaign_plan', 'plan_versions') }} {{ ref('ref_precedence_rule') }}
