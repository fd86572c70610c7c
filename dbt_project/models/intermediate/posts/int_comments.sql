-- One row per comment on any platform. Its text is for the scoring alone.
with

unified as (

    select
        'instagram' as platform,
        comment_id,
        media_id as post_id,
        parent_comment_id,
        author_key,
        commented_at,
        commented_date,
        likes_count,
        cast(null as boolean) as is_by_account,
        comment_text
    from {{ ref('stg_instagram__comments') }}

    union all

    select
        'tiktok' as platform,
        comment_id,
        post_id,
        parent_comment_id,
        username_hash as author_key,
        commented_at,
        commented_date,
        likes_count,
        is_by_account,
        comment_text
    from {{ ref('stg_tiktok__comments') }}

    union all

    select
        'youtube' as platform,
        comment_id,
        video_id as post_id,
        parent_comment_id,
        author_key,
        published_at as commented_at,
        published_date as commented_date,
        likes_count,
        cast(null as boolean) as is_by_account,
        comment_text
    from {{ ref('stg_youtube__comments') }}

),

-- Two connections may read the same comment.
numbered as (

    select
        *,
        row_number() over (partition by platform, comment_id order by commented_at) as copy_number
    from unified

),

final as (

    select
        platform,
        comment_id,
        post_id,
        parent_comment_id,
        author_key,
        commented_at,
        commented_date,
        likes_count,
        is_by_account,
        comment_text,
        {{ letters_key('comment_text') }} as text_key,
        md5(coalesce({{ letters_key('comment_text') }}, trim(comment_text), '')) as text_hash
    from numbered
    where copy_number = 1

)

select * from final
