{{ config(enabled='youtube' in var('social_platforms')) }}

with

source as (

    select * from {{ source('youtube', 'comments') }}

),

renamed as (

    select
        connection_id,
        video_id as post_id,
        comment_id,
        parent_id as parent_comment_id,
        channel_id,
        author_channel_id as author_key,
        author_display_name as author_name_key,
        text_display as comment_text,
        like_count as likes_count,
        total_reply_count as replies_count,
        published_at as commented_at,
        {{ business_date('published_at', reporting_timezone()) }} as commented_date,
        cast(null as boolean) as is_by_account,
        updated_at,
        read_at,
        -- What was not there at the video's last reading was deleted, or is beyond the pages read.
        read_at = max(read_at) over (partition by connection_id, video_id) as is_current,
        unavailable_reason,
        _load_id as load_id
    from source

),

final as (

    select *
    from renamed
    where unavailable_reason is null

)

select * from final
