with

source as (

    select * from {{ source('tiktok', 'videos') }}

),

renamed as (

    select
        connection_id,
        {{ business_date('window_start', reporting_timezone()) }} as snapshot_date,
        window_start,
        captured_at,
        item_id as post_id,
        business_id,
        caption,
        case when media_type = 'PHOTO' then 'feed' else 'reel' end as content_format,
        share_url as permalink,
        create_time as published_at,
        {{ business_date('create_time', reporting_timezone()) }} as published_date,
        is_ad,
        video_duration as video_seconds,
        video_views as views_count,
        reach as reach_count,
        likes as likes_count,
        comments as comments_count,
        shares as shares_count,
        favorites as saves_count,
        total_time_watched as watch_seconds,
        full_video_watched_rate as completion_rate,
        new_followers as follows_count,
        profile_views as profile_visit_count,
        website_clicks as link_click_count,
        refused_fields,
        is_partial,
        _load_id as load_id
    from source

)

select * from renamed
