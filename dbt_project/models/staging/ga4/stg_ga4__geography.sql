with

source as (

    select * from {{ source('ga4', 'geography') }}

),

renamed as (

    select
        connection_id,
        property_id,
        date as session_date,
        time_zone as date_timezone,
        country,
        region,
        session_campaign_name as session_campaign,
        session_manual_ad_content as session_content,
        {{ utm_key('session_campaign_name') }} as utm_campaign_key,
        {{ utm_key('session_manual_ad_content') }} as utm_content_key,
        sessions as session_count,
        engaged_sessions as engaged_session_count,
        ecommerce_purchases as purchase_count,
        purchase_revenue as purchase_amount,
        currency_code,
        subject_to_thresholding as is_thresholded,
        data_loss_from_other_row as has_other_row,
        is_sampled,
        _load_id as load_id
    from source

)

select * from renamed
