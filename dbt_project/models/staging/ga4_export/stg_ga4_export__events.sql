with

source as (

    select * from {{ source('ga4_export', 'events') }}

),

renamed as (

    select
        connection_id,
        event_date,
        event_key,
        is_intraday,
        event_timestamp as occurred_at,
        event_name,
        user_pseudo_id,
        user_id,
        user_pseudo_id || '.' || ga_session_id as session_key,
        ga_session_number as session_number,
        session_engaged as is_engaged_session,
        engagement_time_msec / 1000.0 as engagement_seconds,
        page_location,
        {{ url_path('page_location') }} as page_path,
        page_referrer,
        -- Seen with the event, else in its parameters, else what its session is credited to.
        coalesce(collected_source, source, session_source) as touch_source,
        coalesce(collected_medium, medium, session_medium) as touch_medium,
        coalesce(collected_campaign, campaign, session_campaign) as touch_campaign,
        coalesce(collected_content, content, session_content) as touch_content,
        coalesce(collected_source, source) is not null as has_own_source,
        {{ utm_key('coalesce(collected_campaign, campaign, session_campaign)') }}
            as utm_campaign_key,
        {{ utm_key('coalesce(collected_content, content, session_content)') }}
            as utm_content_key,
        session_source,
        session_medium,
        session_campaign,
        session_content,
        first_user_source,
        first_user_medium,
        first_user_campaign,
        nullif(
            replace(trim(coalesce(ecommerce_transaction_id, transaction_id)), '#', ''), ''
        ) as transaction_key,
        coalesce(purchase_revenue, value) as value_amount,
        refund_value as refund_amount,
        currency as currency_code,
        coalesce(analytics_storage, 'Yes') = 'Yes' as has_analytics_consent,
        device_category,
        hostname,
        country,
        batch_page_id,
        batch_ordering_id,
        batch_event_index,
        _load_id as load_id
    from source

)

select * from renamed
