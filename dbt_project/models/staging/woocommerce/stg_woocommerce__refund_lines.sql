with

source as (

    select * from {{ source('woocommerce', 'refund_lines') }}

),

renamed as (

    select
        connection_id,
        cast(refund_id as text) as refund_id,
        cast(line_id as text) as line_id,
        line_type,
        cast(refunded_line_id as text) as refunded_line_id,
        -quantity as quantity,
        -total as subtotal_amount,
        -coalesce(total_tax, 0) as tax_amount,
        _load_id as load_id
    from source

)

select * from renamed
