{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['connection_id', 'story_id', 'window_start'],
    post_hook='{{ analyze_when_grown() }}',
) }}

with

stories as (

    select * from {{ ref('stg_instagram__stories') }}
    {% if is_incremental() -%}
    where load_id in {{ pending_loads() }}
    {%- endif %}

),

final as (

    select
        connection_id,
        'instagram' as platform,
        media_id as story_id,
        window_start,
        captured_at,
        handle_key as handle,
        published_at,
        published_date,
        reach_count,
        views_count,
        shares_count,
        replies_count,
        interaction_count,
        profile_visit_count,
        follows_count,
        link_click_count,
        tap_forward_count,
        tap_back_count,
        tap_exit_count,
        metric_definition_version,
        unavailable_reason,
        load_id
    from stories

)

select * from final
-- depends_on: {{ source('quality', 'pending_loads') }}
