with

source as (

    select * from {{ source('instagram', 'stories') }}

),

renamed as (

    select
        connection_id,
        window_start,
        captured_at,
        media_id,
        account_id,
        username,
        {{ handle_key('username') }} as handle_key,
        caption,
        permalink,
        timestamp as published_at,
        {{ business_date('timestamp', reporting_timezone()) }} as published_date,
        reach as reach_count,
        views as views_count,
        shares as shares_count,
        reposts as reposts_count,
        total_interactions as interaction_count,
        profile_visits as profile_visit_count,
        follows as follows_count,
        replies as replies_count,
        link_clicks as link_click_count,
        navigation as navigation_count,
        tap_forward as tap_forward_count,
        tap_back as tap_back_count,
        tap_exit as tap_exit_count,
        swipe_forward as swipe_forward_count,
        metric_definition as metric_definition_version,
        refused_metrics,
        case when coalesce(reach, views) is null then unavailable_reason end as unavailable_reason,
        _load_id as load_id
    from source

)

select * from renamed
