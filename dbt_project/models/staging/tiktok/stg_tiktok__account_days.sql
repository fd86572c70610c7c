with

source as (

    select * from {{ source('tiktok', 'account_days') }}

),

renamed as (

    select
        connection_id,
        business_id,
        date as account_date,
        video_views as views_count,
        unique_video_views as reach_count,
        profile_views as profile_visit_count,
        likes as likes_gross_count,
        comments as comments_count,
        shares as shares_count,
        followers_count,
        daily_total_followers as followers_net_count,
        daily_new_followers as followers_won_count,
        daily_lost_followers as followers_lost_count,
        engaged_audience as engaged_viewer_count,
        bio_link_clicks as bio_link_click_count,
        is_partial,
        _load_id as load_id
    from source

)

select * from renamed
