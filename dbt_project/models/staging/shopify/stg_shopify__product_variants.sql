with

source as (

    select * from {{ source('shopify', 'product_variants') }}

),

renamed as (

    select
        connection_id,
        variant_id,
        product_id,
        window_start,
        captured_at,
        product_title,
        title as variant_title,
        sku,
        is_gift_card,
        price as price_amount,
        unit_cost as unit_cost_amount,
        unit_cost_currency_code,
        created_at,
        updated_at,
        _load_id as load_id
    from source

)

select * from renamed
