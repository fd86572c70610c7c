with

source as (

    select * from {{ source('instagram', 'comments') }}

),

renamed as (

    select
        connection_id,
        comment_id,
        media_id as post_id,
        account_id,
        parent_id as parent_comment_id,
        username as author_key,
        text as comment_text,
        timestamp as commented_at,
        {{ business_date('timestamp', reporting_timezone()) }} as commented_date,
        like_count as likes_count,
        coalesce(hidden, false) as is_hidden,
        parent_id is not null as is_reply,
        cast(null as boolean) as is_by_account,
        _load_id as load_id
    from source

)

select * from renamed
