{%- set counters = [
    'likes_count', 'comments_count', 'shares_count', 'saves_count', 'reach_count', 'views_count',
    'link_click_count',
] -%}

{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['platform', 'post_id', 'access_path', 'snapshot_date'],
    pre_hook='{{ join_whole_tables() }}',
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['platform', 'post_id', 'access_path', 'snapshot_date'], 'unique': true}],
) }}

with

{% if is_incremental() -%}
-- A late snapshot also changes the difference of the next one, so a post is rebuilt from the first
-- pending day on.
affected as (

    select * from {{ ref('int_posts_reread') }}

),

{% endif -%}

newest as (

    select
        snapshots.*,
        cast({{ 'affected.from_date' if is_incremental() else 'snapshots.snapshot_date' }} as date)
            as from_date,
        row_number() over (
            partition by
                snapshots.platform,
                snapshots.post_id,
                snapshots.access_path,
                snapshots.snapshot_date
            order by snapshots.captured_at desc, snapshots.connection_id asc
        ) as recency
    from {{ ref('int_post_snapshots') }} as snapshots
    {% if is_incremental() -%}
    inner join affected
        on
            snapshots.platform = affected.platform
            and snapshots.post_id = affected.post_id
    where {{ is_since_first_reread('snapshots') }}
    {% endif %}
),

compared as (

    select
        newest.*,
        {%- for counter in counters %}
        {{ counter }}
        - lag({{ counter }}) over post_history as {{ counter | replace('_count', '_delta_count') }},
        {%- endfor %}
        lag(newest.snapshot_date) over post_history as previous_snapshot_date
    from newest
    where newest.recency = 1
    -- Two definitions of a view are two series: the first number of the new one has no change.
    window post_history as (
        partition by platform, post_id, access_path, metric_scope, metric_definition_version
        order by snapshot_date
    )

),

final as (

    select
        platform,
        post_id,
        access_path,
        snapshot_date,
        metric_scope,
        metric_definition_version,
        captured_at,
        previous_snapshot_date,
        snapshot_date - published_date as post_age_days,
        {%- for counter in counters %}
        {{ counter }},
        {%- endfor %}
        watch_seconds,
        {%- for counter in counters %}
        {{ counter | replace('_count', '_delta_count') }},
        {%- endfor %}
        coalesce(least(
            {%- for counter in counters %}
            {{ counter | replace('_count', '_delta_count') }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) < 0, false) as has_fallen
    from compared
    where snapshot_date >= from_date

)

select * from final
-- depends_on: {{ ref('int_posts_reread') }} {{ source('quality', 'pending_loads') }}
-- depends_on: {{ source('campaign_plan', 'plan_versions') }}
-- depends_on: {{ source('campaign_plan', 'plan_days') }}
