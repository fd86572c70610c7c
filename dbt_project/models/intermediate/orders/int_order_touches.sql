-- One row per affected order and real touch, before any window or rule: visits, and one undated
-- touch per creator who left undated evidence only. A visit that the shop and GA4's event export
-- both report is one touch; sessions of the customer's browsers that the shop doesn't know are
-- touches of their own. Undated evidence of a creator with a visit in the window joins the
-- evidence list of the newest such visit.
{{ config(
    materialized='table',
    pre_hook=['{{ tune_transaction() }}', '{{ join_many_by_hash() }}'],
    post_hook='analyze {{ this }}',
) }}

with

affected as (

    select * from {{ ref('int_orders_affected') }}

),

campaigns as (

    select * from {{ ref('stg_campaign_plan__campaigns') }}

),

lookbacks as (

    select * from {{ ref('stg_campaign_plan__lookbacks') }}

),

moments as (

    select * from {{ ref('int_moments_classified') }}

),

export_visits as (

    select
        affected.connection_id,
        affected.order_id,
        affected.ordered_at,
        affected.has_every_rule_version,
        'ga4_event:' || sessions.session_id as visit_id,
        sessions.touched_at as occurred_at,
        sessions.campaign_id,
        sessions.creator_id,
        sessions.match_quality,
        case when sessions.channel_type = 'other_channel' then sessions.channel end
            as other_channel
    from affected
    inner join {{ ref('int_order_visitors') }} as visitors
        on
            affected.connection_id = visitors.connection_id
            and affected.order_id = visitors.order_id
    inner join {{ ref('int_export_sessions') }} as sessions
        on
            visitors.export_connection_id = sessions.connection_id
            and visitors.visitor_id = sessions.visitor_id
            and affected.ordered_at >= sessions.touched_at
            and {{ seconds_before(
                'affected.ordered_at', (visit_lookback_days() * 86400) | string
            ) }} <= sessions.touched_at

),

-- The same visit by two clocks: one creator or channel within half an hour, the nearest pair.
seen_twice as (

    select
        moments.connection_id,
        moments.order_id,
        moments.visit_id,
        export_visits.visit_id as export_visit_id,
        row_number() over (
            partition by moments.connection_id, moments.order_id, export_visits.visit_id
            order by
                abs({{ seconds_between('moments.occurred_at', 'export_visits.occurred_at') }}),
                {{ byte_order('moments.visit_id') }}
        ) as pair_number
    from moments
    inner join export_visits
        on
            moments.connection_id = export_visits.connection_id
            and moments.order_id = export_visits.order_id
            and coalesce(moments.creator_id, moments.other_channel, 'direct')
            = coalesce(export_visits.creator_id, export_visits.other_channel, 'direct')
            and abs({{ seconds_between('moments.occurred_at', 'export_visits.occurred_at') }})
            <= {{ var('same_visit_seconds') }}

),

visit_rows as (

    select
        moments.connection_id,
        moments.order_id,
        moments.visit_id,
        moments.occurred_at,
        moments.ordered_at,
        moments.has_every_rule_version,
        moments.campaign_id,
        moments.creator_id,
        moments.other_channel,
        moments.evidence_type,
        moments.further_evidence_type,
        moments.match_quality,
        exists(
            select 1
            from seen_twice
            where
                moments.connection_id = seen_twice.connection_id
                and moments.order_id = seen_twice.order_id
                and moments.visit_id = seen_twice.visit_id
                and seen_twice.pair_number = 1
        ) as is_in_export
    from moments

    union all

    select
        export_visits.connection_id,
        export_visits.order_id,
        export_visits.visit_id,
        export_visits.occurred_at,
        export_visits.ordered_at,
        export_visits.has_every_rule_version,
        export_visits.campaign_id,
        export_visits.creator_id,
        export_visits.other_channel,
        case when export_visits.creator_id is not null then 'ga4_event' end as evidence_type,
        null as further_evidence_type,
        export_visits.match_quality,
        false as is_in_export
    from export_visits
    left join seen_twice
        on
            export_visits.connection_id = seen_twice.connection_id
            and export_visits.order_id = seen_twice.order_id
            and export_visits.visit_id = seen_twice.export_visit_id
    where seen_twice.visit_id is null

),

visits as (

    select
        visit_rows.*,
        coalesce(
            lookbacks.lookback_days,
            campaigns.lookback_days,
            {{ var('default_lookback_days') }}
        ) as lookback_days
    from visit_rows
    left join campaigns on visit_rows.campaign_id = campaigns.campaign_id
    left join lookbacks
        on
            visit_rows.campaign_id = lookbacks.campaign_id
            and visit_rows.evidence_type = lookbacks.evidence_type

),

undated_ranked as (

    select
        *,
        row_number() over (
            partition by connection_id, order_id, creator_id
            -- Of two codes of one creator the one that is not public counts first.
            order by evidence_rank asc, evidence_type desc, campaign_id asc, evidence_value asc
        ) as evidence_number
    from {{ ref('int_evidence_undated') }}

),

undated_creators as (

    select
        connection_id,
        order_id,
        creator_id,
        max(case when evidence_number = 1 then campaign_id end) as campaign_id,
        max(case when evidence_number = 1 then evidence_type end) as evidence_type,
        min(evidence_rank) as evidence_rank,
        max(case when evidence_number = 1 then match_quality end) as match_quality,
        min(owner_from_date) as owner_from_date,
        string_agg(distinct evidence_type, ',' order by evidence_type) as evidence_types,
        string_agg(
            distinct
            case
                when evidence_type in ('discount_code', 'compromised_code') then evidence_value
            end,
            ','
        ) as discount_codes
    from undated_ranked
    group by connection_id, order_id, creator_id

),

-- The newest visit of a creator in the window carries what else is known of the creator.
visits_ranked as (

    select
        *,
        creator_id is not null
        and occurred_at <= ordered_at
        and occurred_at >= {{ seconds_before('ordered_at', 'lookback_days * 86400') }}
            as may_carry
    from visits

),

visits_carrying as (

    select
        *,
        may_carry
        and row_number() over (
            partition by connection_id, order_id, creator_id, may_carry
            order by occurred_at desc, {{ byte_order('visit_id') }} desc
        ) = 1 as is_carrier
    from visits_ranked

),

dated_touches as (

    select
        visits.connection_id,
        visits.order_id,
        visits.visit_id as touch_id,
        visits.occurred_at as touched_at,
        visits.ordered_at,
        visits.occurred_at as anchored_at,
        true as is_dated,
        case when visits.evidence_type = 'landing_page' then 20 else 10 end as evidence_rank,
        coalesce(
            visits.evidence_type,
            case when visits.other_channel is null then 'direct_visit' else 'referrer' end
        ) as evidence_type,
        concat_ws(
            ',',
            visits.evidence_type,
            visits.further_evidence_type,
            -- Only a creator's visit is evidence: another one ranks alike, whoever saw it.
            case when visits.is_in_export and visits.creator_id is not null then 'ga4_event' end,
            undated_creators.evidence_types
        ) as evidence_types,
        undated_creators.discount_codes,
        visits.match_quality,
        case
            when visits.creator_id is not null then 'creator'
            when visits.other_channel is not null then 'other_channel'
            else 'direct'
        end as channel_type,
        coalesce(visits.creator_id, visits.other_channel, 'direct') as channel,
        visits.campaign_id,
        visits.creator_id,
        visits.lookback_days,
        visits.has_every_rule_version
    from visits_carrying as visits
    left join undated_creators
        on
            visits.connection_id = undated_creators.connection_id
            and visits.order_id = undated_creators.order_id
            and visits.creator_id = undated_creators.creator_id
            and visits.is_carrier

),

undated_alone as (

    select
        undated_creators.*,
        affected.ordered_at,
        affected.business_timezone,
        affected.has_every_rule_version,
        coalesce(lookbacks.lookback_days, campaigns.lookback_days) as lookback_days
    from undated_creators
    inner join affected
        on
            undated_creators.connection_id = affected.connection_id
            and undated_creators.order_id = affected.order_id
    inner join campaigns on undated_creators.campaign_id = campaigns.campaign_id
    left join lookbacks
        on
            undated_creators.campaign_id = lookbacks.campaign_id
            and replace(undated_creators.evidence_type, 'compromised', 'discount')
            = lookbacks.evidence_type
    left join visits_carrying as carriers
        on
            undated_creators.connection_id = carriers.connection_id
            and undated_creators.order_id = carriers.order_id
            and undated_creators.creator_id = carriers.creator_id
            and carriers.is_carrier
    where carriers.visit_id is null

),

last_posts as (

    select
        undated_alone.connection_id,
        undated_alone.order_id,
        undated_alone.creator_id,
        max(posts.published_at) as published_at
    from undated_alone
    inner join {{ ref('int_posts_matched') }} as posts
        on
            undated_alone.campaign_id = posts.campaign_id
            and undated_alone.creator_id = posts.creator_id
            and undated_alone.ordered_at >= posts.published_at
    group by undated_alone.connection_id, undated_alone.order_id, undated_alone.creator_id

),

undated_touches as (

    select
        undated_alone.connection_id,
        undated_alone.order_id,
        'undated:' || undated_alone.creator_id as touch_id,
        undated_alone.ordered_at as touched_at,
        undated_alone.ordered_at,
        -- The evidence has no instant of its own: its age runs from the creator's last live post.
        coalesce(
            last_posts.published_at,
            {{ day_start('undated_alone.owner_from_date', 'undated_alone.business_timezone') }}
        ) as anchored_at,
        false as is_dated,
        undated_alone.evidence_rank,
        undated_alone.evidence_type,
        undated_alone.evidence_types,
        undated_alone.discount_codes,
        undated_alone.match_quality,
        'creator' as channel_type,
        undated_alone.creator_id as channel,
        undated_alone.campaign_id,
        undated_alone.creator_id,
        undated_alone.lookback_days,
        undated_alone.has_every_rule_version
    from undated_alone
    left join last_posts
        on
            undated_alone.connection_id = last_posts.connection_id
            and undated_alone.order_id = last_posts.order_id
            and undated_alone.creator_id = last_posts.creator_id

),

-- An order placed inside a platform's app names the platform, not a creator.
in_app_touches as (

    select
        connection_id,
        order_id,
        'in_app:' || sales_channel as touch_id,
        ordered_at as touched_at,
        ordered_at,
        ordered_at as anchored_at,
        false as is_dated,
        25 as evidence_rank,
        'in_app_shop' as evidence_type,
        'in_app_shop' as evidence_types,
        cast(null as text) as discount_codes,
        'exact' as match_quality,
        'other_channel' as channel_type,
        'social' as channel,
        cast(null as text) as campaign_id,
        cast(null as text) as creator_id,
        {{ var('default_lookback_days') }} as lookback_days,
        has_every_rule_version
    from affected
    where sales_channel in {{ quoted_list(var('in_app_sales_channels')) }}

),

touches as (

    select * from dated_touches

    union all

    select * from undated_touches

    union all

    select * from in_app_touches

),

-- Look-backs per evidence, late posts and links that stay good reach orders past every campaign.
reached as (

    select
        connection_id,
        order_id
    from visits_carrying
    where creator_id is not null and not has_every_rule_version

    union

    select
        connection_id,
        order_id
    from undated_alone
    where not has_every_rule_version

),

-- The settings of the path travel with the touch, as its look-back does.
final as (

    select
        touches.connection_id,
        touches.order_id,
        touches.touch_id,
        touches.touched_at,
        touches.ordered_at,
        touches.anchored_at,
        touches.is_dated,
        touches.evidence_rank,
        touches.evidence_type,
        touches.evidence_types,
        touches.discount_codes,
        touches.match_quality,
        touches.channel_type,
        touches.channel,
        touches.campaign_id,
        touches.creator_id,
        touches.lookback_days,
        touches.has_every_rule_version or reached.order_id is not null as has_every_rule_version,
        '{{ var("direct_policy") }}' as direct_policy,
        {{ var('collapses_repeats') }} as collapses_repeats,
        {{ var('half_life_days') }} as half_life_days
    from touches
    left join reached
        on
            touches.connection_id = reached.connection_id
            and touches.order_id = reached.order_id

)

select * from final
