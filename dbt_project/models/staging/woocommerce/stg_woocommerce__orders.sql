with

source as (

    select * from {{ source('woocommerce', 'orders') }}

),

renamed as (

    select
        connection_id,
        cast(order_id as text) as order_id,
        number as order_number,
        cast(nullif(parent_id, 0) as text) as parent_order_id,
        lower(status) as order_status,
        lower(created_via) as created_via,
        date_created_gmt as created_at,
        date_modified_gmt as updated_at,
        date_paid_gmt as paid_at,
        date_completed_gmt as completed_at,
        cast(substring(date_created, 1, 10) as date) as shop_date,
        upper(currency) as currency_code,
        prices_include_tax as is_tax_included,
        total as total_amount,
        total - total_tax - shipping_total as net_amount,
        discount_total as discount_amount,
        shipping_total as shipping_amount,
        coalesce(shipping_tax, 0) as shipping_tax_amount,
        total_tax as tax_amount,
        cast(nullif(customer_id, 0) as text) as customer_id,
        nullif(billing_email, '') as customer_email_hash,
        upper(nullif(billing_country, '')) as country_code,
        payment_method,
        lower(source_type) as referrer_type,
        referrer as referrer_url,
        session_entry as landing_page_url,
        {{ url_path('session_entry') }} as landing_path,
        {{ utm_key('utm_source') }} as utm_source_key,
        {{ utm_key('utm_medium') }} as utm_medium_key,
        {{ utm_key('utm_campaign') }} as utm_campaign_key,
        {{ utm_key('utm_content') }} as utm_content_key,
        utm_campaign,
        utm_content,
        {{ browser_time('session_start_time') }} as session_started_at,
        lower(device_type) as device_type,
        _load_id as load_id
    from source

)

select * from renamed
