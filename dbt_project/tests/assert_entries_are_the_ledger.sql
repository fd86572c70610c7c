-- What the credits of a shop's day add up to is what its ledger says; an order counts one conversion.
with

credited as (

    select
        connection_id,
        order_id,
        rule_version,
        sum(case when touch_number = 1 then entry_net_amount else 0 end) as net_amount,
        sum(case when touch_number = 1 then conversion_count else 0 end) as conversion_count
    from {{ ref('fct_attribution_credit') }}
    group by connection_id, order_id, rule_version

)

select
    orders.connection_id,
    orders.order_id
from {{ ref('fct_order') }} as orders
left join credited
    on
        orders.connection_id = credited.connection_id
        and orders.order_id = credited.order_id
where
    credited.order_id is null
    or credited.net_amount <> orders.net_revenue_amount
    or credited.conversion_count <> 1
