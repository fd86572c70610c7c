with

source as (

    select * from {{ source('ga4', 'session_totals') }}

),

renamed as (

    select
        connection_id,
        property_id,
        date as session_date,
        time_zone as date_timezone,
        sessions as session_count,
        listed_sessions as listed_session_count,
        sessions - listed_sessions as withheld_session_count,
        engaged_sessions as engaged_session_count,
        user_engagement_duration as engagement_seconds,
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
