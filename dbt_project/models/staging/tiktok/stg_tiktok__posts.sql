with

source as (

    select * from {{ source('tiktok', 'posts') }}

),

renamed as (

    select
        connection_id,
        {{ business_date('window_start', reporting_timezone()) }} as snapshot_date,
        window_start,
        captured_at,
        video_id as post_id,
        {{ handle_key('handle_name') }} as handle_key,
        caption,
        create_time as published_at,
        {{ business_date('create_time', reporting_timezone()) }} as published_date,
        video_views as views_count,
        likes as likes_count,
        comments as comments_count,
        shares as shares_count,
        favorites as saves_count,
        caption_hashtags,
        mentioned_accounts,
        collaboration_status,
        _load_id as load_id
    from source

)

select * from renamed
