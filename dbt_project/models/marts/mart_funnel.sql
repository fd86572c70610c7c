-- From seen to bought, stage by stage, in long form: a chart needs no list of columns. A stage is
-- compared with the one before it only where both count the same people's steps; views and sessions
-- are counted by two systems, so their ratio has no interval. What else the site calls a goal (a
-- sign-up, a lead) is no step to a purchase: it stands behind, compared with the sessions alone.
{%- set own_stages = ['purchase', 'add_to_cart', 'begin_checkout', 'ecommerce_purchase'] %}
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

cards as (

    select * from {{ ref('mart_creator_scorecard') }}

),

sessions as (

    select
        campaign_id,
        creator_id,
        {{ sum_count('session_count') }} as session_count,
        {{ sum_count('engaged_session_count') }} as engaged_session_count,
        {{ sum_count('add_to_cart_count') }} as add_to_cart_count,
        {{ sum_count('checkout_count') }} as checkout_count,
        {{ sum_count('purchase_count') }} as purchase_count
    from {{ ref('fct_web_session_daily') }}
    where creator_id is not null
    group by campaign_id, creator_id

),

measured as (

    select
        cards.campaign_id,
        cards.creator_id,
        cards.creator_name,
        cards.is_final,
        cards.views_count,
        sessions.session_count,
        sessions.engaged_session_count,
        sessions.add_to_cart_count,
        sessions.checkout_count,
        sessions.purchase_count
    from cards
    left join sessions
        on
            cards.campaign_id = sessions.campaign_id
            and cards.creator_id = sessions.creator_id

),

key_event_rows as (

    select * from {{ ref('stg_ga4__key_events') }}
    where event_name not in {{ quoted_list(own_stages) }}

),

linked_key_events as (

    {{ linked_to_creators(
        'key_event_rows',
        'event_date',
        [
            'connection_id', 'property_id', 'event_date', 'event_name', 'session_source',
            'session_medium', 'session_campaign', 'session_content',
        ],
    ) | indent(4) }}

),

creators_key_events as (

    select
        campaign_id,
        creator_id,
        event_name,
        {{ sum_count('key_event_count') }} as key_event_count
    from linked_key_events
    where creator_id is not null
    group by campaign_id, creator_id, event_name

),

-- An event that one creator of a campaign brought is a 0 of those who brought sessions alone.
goals as (

    select
        campaign_id,
        event_name,
        row_number() over (partition by campaign_id order by event_name) as goal_number
    from creators_key_events
    group by campaign_id, event_name

),

stages as (

    {% set stages = [
        ('views', 'views_count', 'platform', none),
        ('sessions', 'session_count', 'ga4', 'views_count'),
        ('engaged_sessions', 'engaged_session_count', 'ga4', 'session_count'),
        ('add_to_cart', 'add_to_cart_count', 'ga4', 'session_count'),
        ('checkout', 'checkout_count', 'ga4', 'add_to_cart_count'),
        ('purchases', 'purchase_count', 'ga4', 'checkout_count'),
    ] -%}
    {% for stage, counted, counter, before in stages -%}
    select
        campaign_id,
        creator_id,
        creator_name,
        is_final,
        {{ loop.index }} as stage_number,
        '{{ stage }}' as funnel_stage,
        cast(null as text) as event_name,
        '{{ counter }}' as counted_by,
        cast({{ counted }} as bigint) as stage_count,
        cast({{ before or 'null' }} as bigint) as previous_stage_count,
        cast(session_count as bigint) as session_count
    from measured

    union all
    {% endfor %}
    select
        measured.campaign_id,
        measured.creator_id,
        measured.creator_name,
        measured.is_final,
        {{ stages | length }} + goals.goal_number as stage_number,
        'key_event' as funnel_stage,
        goals.event_name,
        'ga4' as counted_by,
        case
            when measured.session_count is not null
                then coalesce(creators_key_events.key_event_count, 0)
        end as stage_count,
        cast(measured.session_count as bigint) as previous_stage_count,
        cast(measured.session_count as bigint) as session_count
    from measured
    inner join goals on measured.campaign_id = goals.campaign_id
    left join creators_key_events
        on
            measured.campaign_id = creators_key_events.campaign_id
            and measured.creator_id = creators_key_events.creator_id
            and goals.event_name = creators_key_events.event_name

),

final as (

    select
        stages.campaign_id,
        stages.creator_id,
        stages.creator_name,
        cast(stages.stage_number as integer) as stage_number,
        stages.funnel_stage,
        stages.event_name,
        stages.counted_by,
        stages.stage_count,
        stages.previous_stage_count,
        {{ ratio('stages.stage_count', 'stages.previous_stage_count') }} as step_rate,
        case
            when stages.stage_number > 2
                then {{ rate_low('stages.stage_count', 'stages.previous_stage_count') }}
        end as step_rate_low,
        case
            when stages.stage_number > 2
                then {{ rate_high('stages.stage_count', 'stages.previous_stage_count') }}
        end as step_rate_high,
        stages.session_count,
        case
            when stages.stage_number > 2
                then {{ ratio('stages.stage_count', 'stages.session_count') }}
        end as session_rate,
        case
            when stages.stage_number > 2
                then {{ rate_low('stages.stage_count', 'stages.session_count') }}
        end as session_rate_low,
        case
            when stages.stage_number > 2
                then {{ rate_high('stages.stage_count', 'stages.session_count') }}
        end as session_rate_high,
        case
            when stages.stage_count is null and stages.stage_number = 1
                then 'no access path shows this creator''s views'
            when stages.stage_count is null then 'no session carries a link of this creator'
        end as unavailable_reason,
        stages.is_final,
        facts.sources_present,
        facts.as_of_date
    from stages
    cross join facts

)

select * from final
