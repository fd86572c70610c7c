-- Every order of this run's loads and of older ones is in the fact with its zone of today; the remedy is
-- `dbt build --full-refresh --select int_orders_affected+`.
select
    staged.connection_id,
    staged.order_id
from {{ ref('int_shop_orders') }} as staged
left join {{ ref('int_shops') }} as shops on staged.connection_id = shops.connection_id
left join {{ ref('fct_order') }} as orders
    on
        staged.connection_id = orders.connection_id
        and staged.order_id = orders.order_id
where
    (
        staged.load_id in {{ pending_loads() }}
        or staged.load_id < (
            select min(pending.load_id) from {{ source('quality', 'pending_loads') }} as pending
        )
    )
    and (
        orders.order_id is null
        or orders.business_timezone <> coalesce(shops.timezone, orders.business_timezone)
    )
