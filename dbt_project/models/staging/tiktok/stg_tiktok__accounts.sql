with

source as (

    select * from {{ source('tiktok', 'accounts') }}

),

renamed as (

    select
        connection_id,
        {{ business_date('window_start', reporting_timezone()) }} as snapshot_date,
        window_start,
        captured_at,
        business_id,
        username,
        {{ handle_key('username') }} as handle_key,
        display_name,
        is_business_account,
        is_verified,
        followers_count,
        following_count as follows_count,
        total_likes as likes_count,
        videos_count as media_count,
        refused_fields,
        is_partial,
        _load_id as load_id
    from source

)

select * from renamed
