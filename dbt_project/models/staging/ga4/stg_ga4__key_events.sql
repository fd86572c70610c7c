with

source as (

    select * from {{ source('ga4', 'key_events') }}

),

renamed as (

    select
        connection_id,
        property_id,
        date as event_date,
        time_zone as date_timezone,
        event_name,
        session_source,
        session_medium,
        session_campaign_name as session_campaign,
        session_manual_ad_content as session_content,
        {{ utm_key('session_campaign_name') }} as utm_campaign_key,
        {{ utm_key('session_manual_ad_content') }} as utm_content_key,
        key_events as key_event_count,
        event_count,
        subject_to_thresholding as is_thresholded,
        data_loss_from_other_row as has_other_row,
        is_sampled,
        _load_id as load_id
    from source

)

select * from renamed
