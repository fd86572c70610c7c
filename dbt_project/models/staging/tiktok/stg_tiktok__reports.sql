with

source as (

    select * from {{ source('tiktok', 'reports') }}

),

renamed as (

    select
        connection_id,
        {{ business_date('window_start', reporting_timezone()) }} as snapshot_date,
        window_start,
        captured_at,
        campaign_id as tiktok_campaign_id,
        country_code,
        video_id as post_id,
        {{ handle_key('handle_name') }} as handle_key,
        create_time as published_at,
        {{ business_date('create_time', reporting_timezone()) }} as published_date,
        video_boosted_at as boosted_at,
        video_boosted_at is not null as was_boosted,
        video_views as views_count,
        video_views_organic as views_organic_count,
        video_views_paid as views_paid_count,
        reach as reach_count,
        reach_organic as reach_organic_count,
        reach_paid as reach_paid_count,
        likes as likes_count,
        likes_organic as likes_organic_count,
        likes_paid as likes_paid_count,
        comments as comments_count,
        comments_organic as comments_organic_count,
        comments_paid as comments_paid_count,
        shares as shares_count,
        shares_organic as shares_organic_count,
        shares_paid as shares_paid_count,
        favorites as saves_count,
        favorites_organic as saves_organic_count,
        favorites_paid as saves_paid_count,
        engagement_count,
        engagement_rate,
        video_completion_rate as completion_rate,
        two_seconds_view_rate,
        six_seconds_view_rate,
        total_play_time as watch_seconds,
        anchor_views as link_view_count,
        anchor_clicks as link_click_count,
        anchor_unique_clicks as link_clicker_count,
        ad_cost as ad_cost_amount,
        is_partial,
        _load_id as load_id
    from source

)

select * from renamed
