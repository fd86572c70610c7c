with

source as (

    select * from {{ source('woocommerce', 'order_shipping_lines') }}

),

renamed as (

    select
        connection_id,
        cast(order_id as text) as order_id,
        cast(line_id as text) as line_id,
        lower(method_id) as shipping_method,
        total as total_amount,
        coalesce(total_tax, 0) as tax_amount,
        _load_id as load_id
    from source

)

select * from renamed
