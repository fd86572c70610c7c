with

source as (

    select * from {{ source('shopify', 'shop') }}

),

renamed as (

    select
        connection_id,
        shop_id,
        window_start,
        captured_at,
        name as shop_name,
        myshopify_domain as shop_domain,
        currency_code,
        iana_timezone as timezone,
        taxes_included as is_tax_included,
        _load_id as load_id
    from source

)

select * from renamed
