with

source as (

    select * from {{ source('shopify', 'order_refund_lines') }}

),

renamed as (

    select
        connection_id,
        order_id,
        refund_id,
        line_id,
        quantity,
        subtotal as subtotal_amount,
        total_tax as tax_amount,
        _load_id as load_id
    from source

)

select * from renamed
