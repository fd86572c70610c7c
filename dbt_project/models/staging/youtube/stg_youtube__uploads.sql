{{ config(enabled='youtube' in var('social_platforms')) }}

with

source as (

    select * from {{ source('youtube', 'uploads') }}

),

renamed as (

    select
        connection_id,
        {{ business_date('window_start', reporting_timezone()) }} as snapshot_date,
        window_start,
        captured_at,
        video_id,
        channel_id,
        playlist_id,
        position as playlist_position,
        added_at,
        video_published_at as published_at,
        title,
        privacy_status,
        unavailable_reason,
        _load_id as load_id
    from source

)

select * from renamed
