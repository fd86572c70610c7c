{{ config(enabled='youtube' in var('social_platforms')) }}

with

source as (

    select * from {{ source('youtube', 'channels') }}

),

renamed as (

    select
        connection_id,
        {{ business_date('window_start', reporting_timezone()) }} as snapshot_date,
        window_start,
        captured_at,
        requested_as,
        channel_id,
        is_own_channel,
        title,
        custom_url,
        country,
        published_at,
        uploads_playlist_id,
        subscriber_count as followers_count,
        hidden_subscriber_count as has_hidden_followers,
        video_count as media_count,
        view_count as views_count,
        -- It speaks of the newest answer; what an earlier one of the day brought is no less known.
        case when channel_id is null then unavailable_reason end as unavailable_reason,
        _load_id as load_id
    from source

)

select * from renamed
