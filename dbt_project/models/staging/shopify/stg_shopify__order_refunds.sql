with

source as (

    select * from {{ source('shopify', 'order_refunds') }}

),

renamed as (

    select
        connection_id,
        order_id,
        refund_id,
        coalesce(processed_at, created_at) as refunded_at,
        total_refunded as refunded_amount,
        _load_id as load_id
    from source

)

select * from renamed
