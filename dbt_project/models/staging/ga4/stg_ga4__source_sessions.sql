with

source as (

    select * from {{ source('ga4', 'source_sessions') }}

),

days as (

    select * from {{ source('ga4', 'session_totals') }}

),

renamed as (

    select
        source.connection_id,
        source.property_id,
        source.date as session_date,
        days.time_zone as date_timezone,
        source.session_source,
        source.session_medium,
        source.session_campaign_name as session_campaign,
        source.session_manual_ad_content as session_content,
        {{ utm_key('source.session_campaign_name') }} as utm_campaign_key,
        {{ utm_key('source.session_manual_ad_content') }} as utm_content_key,
        source.sessions as session_count,
        source.engaged_sessions as engaged_session_count,
        source.user_engagement_duration as engagement_seconds,
        source.add_to_carts as add_to_cart_count,
        source.checkouts as checkout_count,
        source.ecommerce_purchases as purchase_count,
        source.purchase_revenue as purchase_amount,
        source.key_events as key_event_count,
        days.currency_code,
        days.subject_to_thresholding as is_thresholded,
        days.data_loss_from_other_row as has_other_row,
        days.is_sampled,
        source._load_id as load_id
    from source
    inner join days
        on
            source.connection_id = days.connection_id
            and source.property_id = days.property_id
            and source.date = days.date

)

select * from renamed
