with

source as (

    select * from {{ source('tiktok', 'report_days') }}

),

renamed as (

    select
        connection_id,
        campaign_id as tiktok_campaign_id,
        country_code,
        video_id as post_id,
        date as post_date,
        views as views_count,
        video_views_organic as views_organic_count,
        video_views_paid as views_paid_count,
        reach as reach_count,
        likes as likes_count,
        comments as comments_count,
        shares as shares_count,
        favorites as saves_count,
        engagement_rate,
        video_completion_rate as completion_rate,
        is_partial,
        _load_id as load_id
    from source

)

select * from renamed
