-- One row per WooCommerce order that another load than its own changes: a refund that is read
-- later, and a rate that comes late or is corrected, of an order paid in another currency than its
-- shop's.
with

rates as (

    select
        load_id,
        currency_code,
        rate_date,
        lag(rate_date) over (
            partition by connection_id, currency_code order by rate_date
        ) as previous_rate_date,
        lead(rate_date) over (
            partition by connection_id, currency_code order by rate_date
        ) as next_rate_date
    from {{ ref('stg_exchange_rates__rates') }}

),

-- A rate is that of the days until the next one; the first is that of all days before it as well.
changed_rates as (

    select
        currency_code,
        case when previous_rate_date is not null then rate_date end as from_date,
        next_rate_date as before_date
    from rates
    where load_id in {{ pending_loads() }}

),

foreign_orders as (

    select
        orders.connection_id,
        orders.order_id,
        orders.shop_date,
        orders.currency_code,
        shops.currency_code as shop_currency_code
    from {{ ref('stg_woocommerce__orders') }} as orders
    inner join {{ ref('int_shops') }} as shops
        on
            orders.connection_id = shops.connection_id
            and orders.currency_code <> shops.currency_code
    where exists (select 1 from changed_rates)

),

restated as (

    select
        foreign_orders.connection_id,
        foreign_orders.order_id
    from foreign_orders
    inner join changed_rates
        on
            changed_rates.currency_code
            in (foreign_orders.currency_code, foreign_orders.shop_currency_code)
            and (
                changed_rates.from_date is null
                or foreign_orders.shop_date >= changed_rates.from_date
            )
            and (
                changed_rates.before_date is null
                or foreign_orders.shop_date < changed_rates.before_date
            )

    union distinct

    select
        connection_id,
        order_id
    from {{ ref('stg_woocommerce__refunds') }}
    where load_id in {{ pending_loads() }}

)

select * from restated
-- depends_on: {{ source('quality', 'pending_loads') }}
