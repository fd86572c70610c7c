with

source as (

    select * from {{ source('woocommerce', 'refunds') }}

),

renamed as (

    select
        connection_id,
        cast(order_id as text) as order_id,
        cast(refund_id as text) as refund_id,
        date_created_gmt as refunded_at,
        cast(substring(date_created, 1, 10) as date) as shop_date,
        amount as refunded_amount,
        refunded_payment as is_paid_back,
        _load_id as load_id
    from source

)

select * from renamed
