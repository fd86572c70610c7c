with

source as (

    select * from {{ source('ga4', 'transactions') }}

),

renamed as (

    select
        connection_id,
        property_id,
        date as transaction_date,
        time_zone as date_timezone,
        transaction_id,
        nullif(replace(trim(transaction_id), '#', ''), '') as transaction_key,
        session_source,
        session_medium,
        session_campaign_name as session_campaign,
        session_manual_ad_content as session_content,
        {{ utm_key('session_campaign_name') }} as utm_campaign_key,
        {{ utm_key('session_manual_ad_content') }} as utm_content_key,
        ecommerce_purchases as purchase_count,
        purchase_revenue as purchase_amount,
        currency_code,
        _load_id as load_id
    from source

)

select * from renamed
