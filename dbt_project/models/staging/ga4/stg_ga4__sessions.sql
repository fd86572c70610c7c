with

source as (

    select * from {{ source('ga4', 'sessions') }}

),

renamed as (

    select
        connection_id,
        property_id,
        date as session_date,
        time_zone as date_timezone,
        session_source,
        session_medium,
        session_campaign_name as session_campaign,
        session_manual_ad_content as session_content,
        landing_page_plus_query_string as landing_page,
        {{ url_path('landing_page_plus_query_string') }} as landing_path,
        {{ utm_key('session_campaign_name') }} as utm_campaign_key,
        {{ utm_key('session_manual_ad_content') }} as utm_content_key,
        sessions as session_count,
        engaged_sessions as engaged_session_count,
        user_engagement_duration as engagement_seconds,
        new_users as new_user_count,
        add_to_carts as add_to_cart_count,
        checkouts as checkout_count,
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
