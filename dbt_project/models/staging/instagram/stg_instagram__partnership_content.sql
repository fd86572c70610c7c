with

source as (

    select * from {{ source('instagram', 'partnership_content') }}

),

renamed as (

    select
        connection_id,
        {{ business_date('window_start', reporting_timezone()) }} as snapshot_date,
        window_start,
        captured_at,
        media_id,
        account_id,
        display_name,
        caption,
        {{ content_format('post_type') }} as content_format,
        permalink,
        creation_time as published_at,
        {{ business_date('creation_time', reporting_timezone()) }} as published_date,
        permission_status,
        likes as likes_count,
        comments as comments_count,
        views as views_count,
        reach as reach_count,
        shares as shares_count,
        saves as saves_count,
        _load_id as load_id
    from source

)

select * from renamed
