with

source as (

    select * from {{ source('tiktok', 'creators') }}

),

renamed as (

    select
        connection_id,
        {{ business_date('window_start', reporting_timezone()) }} as snapshot_date,
        window_start,
        captured_at,
        handle_name,
        {{ handle_key('handle_name') }} as handle_key,
        display_name,
        country_code,
        followers_count,
        following_count as follows_count,
        likes_count,
        videos_count as media_count,
        median_views as median_views_count,
        engagement_rate,
        unavailable_reason,
        _load_id as load_id
    from source

)

select * from renamed
