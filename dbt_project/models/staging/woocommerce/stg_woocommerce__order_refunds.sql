with

source as (

    select * from {{ source('woocommerce', 'order_refunds') }}

),

renamed as (

    select
        connection_id,
        cast(order_id as text) as order_id,
        cast(refund_id as text) as refund_id,
        -total as refunded_amount,
        _load_id as load_id
    from source

)

select * from renamed
