{{ config(enabled='youtube' in var('social_platforms')) }}

with

source as (

    select * from {{ source('youtube', 'videos') }}

),

renamed as (

    select
        connection_id,
        {{ business_date('window_start', reporting_timezone()) }} as snapshot_date,
        window_start,
        captured_at,
        video_id,
        channel_id,
        title,
        description,
        published_at,
        {{ business_date('published_at', reporting_timezone()) }} as published_date,
        category_id,
        tags,
        live_broadcast_content,
        duration_seconds,
        privacy_status,
        made_for_kids as is_made_for_kids,
        contains_synthetic_media as has_synthetic_media,
        view_count as views_count,
        like_count as likes_count,
        comment_count as comments_count,
        has_paid_product_placement,
        brand_partner_channel_id,
        refused_parts,
        -- It speaks of the newest answer; what an earlier one of the day brought is no less known.
        case when title is null then unavailable_reason end as unavailable_reason,
        _load_id as load_id
    from source

)

select * from renamed
