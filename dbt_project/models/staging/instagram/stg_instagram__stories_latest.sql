-- One row per story: the last value known of each counter, whichever window saw it.
{%- set last_values = [
    'handle_key', 'caption', 'permalink', 'reach_count', 'views_count', 'shares_count',
    'reposts_count', 'interaction_count', 'profile_visit_count', 'follows_count', 'replies_count',
    'link_click_count', 'navigation_count', 'tap_forward_count', 'tap_back_count',
    'tap_exit_count', 'swipe_forward_count', 'metric_definition_version',
] %}

with

snapshots as (

    select * from {{ ref('stg_instagram__stories') }}

),

final as (

    select
        connection_id,
        media_id,
        account_id,
        min(published_at) as published_at,
        min(published_date) as published_date,
        {%- for column in last_values %}
        {{ last_known(column, 'window_start') }} as {{ column }},
        {%- endfor %}
        count(*) as window_count,
        max(captured_at) as captured_at,
        max(load_id) as load_id
    from snapshots
    group by connection_id, media_id, account_id

)

select * from final
