with

source as (

    select * from {{ source('woocommerce', 'order_lines') }}

),

renamed as (

    select
        connection_id,
        cast(order_id as text) as order_id,
        cast(line_id as text) as line_id,
        name as product_name,
        cast(nullif(product_id, 0) as text) as product_id,
        cast(nullif(variation_id, 0) as text) as variation_id,
        sku,
        quantity,
        subtotal as subtotal_amount,
        total as total_amount,
        coalesce(total_tax, 0) as tax_amount,
        _load_id as load_id
    from source

)

select * from renamed
