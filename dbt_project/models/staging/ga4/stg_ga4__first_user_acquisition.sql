with

source as (

    select * from {{ source('ga4', 'first_user_acquisition') }}

),

renamed as (

    select
        connection_id,
        property_id,
        date as acquisition_date,
        time_zone as date_timezone,
        first_user_source,
        first_user_medium,
        first_user_campaign_name as first_user_campaign,
        first_user_manual_ad_content as first_user_content,
        {{ utm_key('first_user_campaign_name') }} as utm_campaign_key,
        {{ utm_key('first_user_manual_ad_content') }} as utm_content_key,
        new_users as new_user_count,
        active_users as active_user_count,
        sessions as session_count,
        engaged_sessions as engaged_session_count,
        ecommerce_purchases as purchase_count,
        purchase_revenue as purchase_amount,
        key_events as key_event_count,
        currency_code,
        subject_to_thresholding as is_thresholded,
        data_loss_from_other_row as has_other_row,
        is_sampled,
        _load_id as load_id
    from source

)

select * from renamed
