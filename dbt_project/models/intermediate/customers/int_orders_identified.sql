-- One row per order of any shop and who its own data says placed it: the shop's customer, else the
-- hash of the e-mail address the guest gave (at checkout, or in the survey about this order). NULL
-- for a guest who gave neither: unknown, never new and never the same as another.
-- Identities leave this model as hashes only.
with

shop_orders as (

    select
        connection_id,
        order_id,
        order_number,
        created_at as ordered_at,
        customer_id,
        cast(null as text) as email_hash,
        coalesce(is_test, false) as is_test,
        currency_code,
        total_amount,
        subtotal_amount as goods_amount
    from {{ ref('stg_shopify__orders') }}

    union all

    select
        connection_id,
        order_id,
        order_number,
        created_at as ordered_at,
        customer_id,
        customer_email_hash as email_hash,
        false as is_test,
        currency_code,
        total_amount,
        net_amount as goods_amount
    from {{ ref('stg_woocommerce__orders') }}

),

answers as (

    select
        order_key,
        min(customer_email_hash) as email_hash
    from {{ ref('stg_files__post_purchase_survey') }}
    where customer_email_hash is not null and order_key is not null
    group by order_key
    having count(distinct customer_email_hash) = 1

),

answered as (

    select
        shop_orders.connection_id,
        shop_orders.order_id,
        answers.email_hash,
        -- Order names repeat between shops: then nobody knows whose answer it is.
        count(*) over (partition by answers.order_key) as order_count
    from answers
    inner join shop_orders
        on answers.order_key = shop_orders.order_id or answers.order_key = shop_orders.order_number

),

identified as (

    select
        shop_orders.*,
        answered.email_hash as answered_email_hash,
        coalesce(shop_orders.email_hash, answered.email_hash) as known_email_hash
    from shop_orders
    left join answered
        on
            shop_orders.connection_id = answered.connection_id
            and shop_orders.order_id = answered.order_id
            and answered.order_count = 1

),

final as (

    select
        connection_id,
        order_id,
        order_number,
        ordered_at,
        is_test,
        currency_code,
        total_amount,
        goods_amount,
        {{ customer_key('customer_id', 'connection_id') }} as customer_key,
        {{ email_key('known_email_hash', 'connection_id') }} as email_key,
        email_hash is null and answered_email_hash is not null as is_email_answered,
        coalesce(
            {{ customer_key('customer_id', 'connection_id') }},
            {{ email_key('known_email_hash', 'connection_id') }}
        ) as identity_id,
        case
            when customer_id is not null then 'shop_customer'
            when known_email_hash is not null then 'guest'
        end as identity_type
    from identified

)

select * from final
