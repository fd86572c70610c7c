with

source as (

    select * from {{ source('tiktok', 'comments') }}

),

renamed as (

    select
        connection_id,
        comment_id,
        video_id as post_id,
        business_id,
        parent_comment_id,
        create_time as commented_at,
        {{ business_date('create_time', reporting_timezone()) }} as commented_date,
        text as comment_text,
        likes as likes_count,
        replies as replies_count,
        is_owner as is_by_account,
        is_liked as is_liked_by_account,
        is_pinned,
        status = 'HIDDEN' as is_hidden,
        username_hash as author_key,
        unique_identifier_hash,
        _load_id as load_id
    from source

)

select * from renamed
