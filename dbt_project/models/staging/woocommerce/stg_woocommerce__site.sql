with

source as (

    select * from {{ source('woocommerce', 'site') }}

),

renamed as (

    select
        connection_id,
        url as site_url,
        window_start,
        captured_at,
        name as shop_name,
        coalesce(nullif(timezone_string, ''), {{ offset_zone('gmt_offset') }}) as timezone,
        gmt_offset as gmt_offset_hours,
        upper(currency_code) as currency_code,
        _load_id as load_id
    from source

)

select * from renamed
