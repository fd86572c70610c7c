with

source as (

    select * from {{ source('instagram', 'tags') }}

),

renamed as (

    select
        connection_id,
        {{ business_date('window_start', reporting_timezone()) }} as snapshot_date,
        window_start,
        captured_at,
        media_id,
        account_id as tagged_account_id,
        username,
        {{ handle_key('username') }} as handle_key,
        caption,
        {{ content_format('media_product_type') }} as content_format,
        permalink,
        timestamp as published_at,
        {{ business_date('timestamp', reporting_timezone()) }} as published_date,
        like_count as likes_count,
        comments_count,
        _load_id as load_id
    from source

)

select * from renamed
