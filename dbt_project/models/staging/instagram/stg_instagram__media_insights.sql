with

source as (

    select * from {{ source('instagram', 'media_insights') }}

),

renamed as (

    select
        connection_id,
        {{ business_date('window_start', reporting_timezone()) }} as snapshot_date,
        window_start,
        captured_at,
        media_id,
        account_id,
        reach as reach_count,
        views as views_count,
        likes as likes_count,
        comments as comments_count,
        shares as shares_count,
        saved as saves_count,
        reposts as reposts_count,
        profile_visits as profile_visit_count,
        follows as follows_count,
        link_clicks as link_click_count,
        replies as replies_count,
        ig_reels_video_view_total_time / 1000 as watch_seconds,
        metric_definition as metric_definition_version,
        refused_metrics,
        _load_id as load_id
    from source

)

select * from renamed
