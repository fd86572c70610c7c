-- One row per entry of an affected WooCommerce order's ledger, which the shop does not keep: what
-- was sold when the order was made, what was given back when it was, in the shop's currency.
-- Amounts of lines are without tax, whether or not prices include it. Lines are rounded one by one,
-- so a cent may be missing to the order's own totals: an adjustment brings it, for the totals are
-- what the shop's report counts. Fees count as the report counts them; coupons are in the lines.
-- A refund counts from when it is dated, by its lines; what it gives back beyond them is goods, but
-- for a refund without lines that completes the order's (setting its status to refunded makes one):
-- that gives back what is left of goods, tax and shipping.
-- An order that WooCommerce does not count is taken back on the day of its sale, for so does the
-- shop's report, however long the day is over.
with

shops as (

    select * from {{ ref('int_shops') }}

),

orders as (

    select
        affected.connection_id,
        affected.order_id,
        orders.created_at,
        orders.shop_date,
        orders.order_status,
        {{ is_counted_by_woocommerce('orders.order_status') }} as is_counted,
        orders.currency_code,
        coalesce(shops.currency_code, orders.currency_code) as shop_currency_code,
        orders.total_amount,
        orders.net_amount,
        orders.shipping_amount,
        orders.shipping_tax_amount,
        orders.tax_amount - orders.shipping_tax_amount as goods_tax_amount
    from {{ ref('int_orders_affected') }} as affected
    inner join {{ ref('stg_woocommerce__orders') }} as orders
        on
            affected.connection_id = orders.connection_id
            and affected.order_id = orders.order_id
    left join shops on affected.connection_id = shops.connection_id

),

goods as (

    select
        orders.connection_id,
        orders.order_id,
        'line:' || order_lines.line_id as sale_id,
        'PRODUCT' as line_type,
        order_lines.line_id,
        order_lines.quantity,
        order_lines.total_amount as net_amount,
        order_lines.tax_amount,
        order_lines.subtotal_amount - order_lines.total_amount as discount_amount
    from orders
    inner join {{ ref('stg_woocommerce__order_lines') }} as order_lines
        on
            orders.connection_id = order_lines.connection_id
            and orders.order_id = order_lines.order_id

    union all

    select
        orders.connection_id,
        orders.order_id,
        'fee:' || fees.line_id as sale_id,
        'ADJUSTMENT' as line_type,
        fees.line_id,
        cast(null as numeric) as quantity,
        fees.total_amount as net_amount,
        fees.tax_amount,
        0 as discount_amount
    from orders
    inner join {{ ref('stg_woocommerce__order_fee_lines') }} as fees
        on
            orders.connection_id = fees.connection_id
            and orders.order_id = fees.order_id

),

goods_sums as (

    select
        connection_id,
        order_id,
        sum(net_amount) as net_amount,
        sum(tax_amount) as tax_amount
    from goods
    group by connection_id, order_id

),

roundings as (

    select
        orders.connection_id,
        orders.order_id,
        'rounding' as sale_id,
        'ADJUSTMENT' as line_type,
        cast(null as text) as line_id,
        cast(null as numeric) as quantity,
        orders.net_amount - coalesce(goods_sums.net_amount, 0) as net_amount,
        orders.goods_tax_amount - coalesce(goods_sums.tax_amount, 0) as tax_amount,
        0 as discount_amount
    from orders
    left join goods_sums
        on
            orders.connection_id = goods_sums.connection_id
            and orders.order_id = goods_sums.order_id

),

shippings as (

    select
        connection_id,
        order_id,
        'shipping' as sale_id,
        'SHIPPING' as line_type,
        cast(null as text) as line_id,
        cast(null as numeric) as quantity,
        shipping_amount as net_amount,
        shipping_tax_amount as tax_amount,
        0 as discount_amount
    from orders

),

sold as (

    select * from goods

    union all

    select * from roundings
    where net_amount <> 0 or tax_amount <> 0

    union all

    select * from shippings
    where net_amount <> 0 or tax_amount <> 0

),

-- A refund that the order no longer names was deleted.
refunds as (

    select
        orders.connection_id,
        orders.order_id,
        dated.refund_id,
        dated.refunded_at,
        dated.refunded_amount,
        sum(dated.refunded_amount) over (
            partition by orders.connection_id, orders.order_id
            order by dated.refunded_at, dated.refund_id
            rows between unbounded preceding and current row
        ) = orders.total_amount as completes_order
    from orders
    inner join {{ ref('stg_woocommerce__order_refunds') }} as named
        on
            orders.connection_id = named.connection_id
            and orders.order_id = named.order_id
    inner join {{ ref('stg_woocommerce__refunds') }} as dated
        on
            named.connection_id = dated.connection_id
            and named.refund_id = dated.refund_id
    where orders.is_counted

),

refund_lines as (

    select
        refunds.connection_id,
        refunds.order_id,
        refunds.refund_id,
        given_back.line_id,
        given_back.line_type,
        given_back.refunded_line_id,
        given_back.quantity,
        given_back.subtotal_amount,
        given_back.tax_amount
    from refunds
    inner join {{ ref('stg_woocommerce__refund_lines') }} as given_back
        on
            refunds.connection_id = given_back.connection_id
            and refunds.refund_id = given_back.refund_id

),

line_sums as (

    select
        connection_id,
        order_id,
        refund_id,
        sum(subtotal_amount + tax_amount) as total_amount
    from refund_lines
    group by connection_id, order_id, refund_id

),

returned_sums as (

    select
        connection_id,
        order_id,
        sum(case when line_type <> 'shipping' then tax_amount else 0 end) as goods_tax_amount,
        sum(case when line_type = 'shipping' then subtotal_amount else 0 end) as shipping_amount,
        sum(case when line_type = 'shipping' then tax_amount else 0 end) as shipping_tax_amount
    from refund_lines
    group by connection_id, order_id

),

-- What a refund gives back beyond its lines; tax and shipping only where nothing else is left.
refund_rests as (

    select
        refunds.connection_id,
        refunds.order_id,
        refunds.refund_id,
        refunds.refunded_amount - coalesce(line_sums.total_amount, 0) as total_amount,
        case
            when refunds.completes_order and line_sums.refund_id is null
                then orders.goods_tax_amount - coalesce(returned_sums.goods_tax_amount, 0)
            else 0
        end as goods_tax_amount,
        case
            when refunds.completes_order and line_sums.refund_id is null
                then orders.shipping_amount - coalesce(returned_sums.shipping_amount, 0)
            else 0
        end as shipping_amount,
        case
            when refunds.completes_order and line_sums.refund_id is null
                then orders.shipping_tax_amount - coalesce(returned_sums.shipping_tax_amount, 0)
            else 0
        end as shipping_tax_amount
    from refunds
    inner join orders
        on
            refunds.connection_id = orders.connection_id
            and refunds.order_id = orders.order_id
    left join line_sums
        on
            refunds.connection_id = line_sums.connection_id
            and refunds.order_id = line_sums.order_id
            and refunds.refund_id = line_sums.refund_id
    left join returned_sums
        on
            refunds.connection_id = returned_sums.connection_id
            and refunds.order_id = returned_sums.order_id

),

returned as (

    select
        connection_id,
        order_id,
        refund_id,
        'line:' || line_id as part,
        case line_type
            when 'product' then 'PRODUCT'
            when 'shipping' then 'SHIPPING'
            else 'ADJUSTMENT'
        end as line_type,
        refunded_line_id as line_id,
        quantity,
        subtotal_amount as net_amount,
        tax_amount
    from refund_lines

    union all

    select
        connection_id,
        order_id,
        refund_id,
        'rest' as part,
        'ADJUSTMENT' as line_type,
        cast(null as text) as line_id,
        cast(null as numeric) as quantity,
        total_amount - goods_tax_amount - shipping_amount - shipping_tax_amount as net_amount,
        goods_tax_amount as tax_amount
    from refund_rests
    where total_amount <> shipping_amount + shipping_tax_amount

    union all

    select
        connection_id,
        order_id,
        refund_id,
        'shipping' as part,
        'SHIPPING' as line_type,
        cast(null as text) as line_id,
        cast(null as numeric) as quantity,
        shipping_amount as net_amount,
        shipping_tax_amount as tax_amount
    from refund_rests
    where shipping_amount <> 0 or shipping_tax_amount <> 0

),

entries as (

    select
        sold.connection_id,
        sold.order_id,
        sold.sale_id,
        'sale' as agreement_id,
        orders.created_at as happened_at,
        'ORDER' as reason,
        'ORDER' as action_type,
        sold.line_type,
        sold.line_id,
        sold.quantity,
        sold.net_amount,
        sold.tax_amount,
        sold.discount_amount
    from sold
    inner join orders
        on
            sold.connection_id = orders.connection_id
            and sold.order_id = orders.order_id

    union all

    select
        sold.connection_id,
        sold.order_id,
        'uncounted:' || sold.sale_id as sale_id,
        'uncounted' as agreement_id,
        orders.created_at as happened_at,
        case
            when orders.order_status in ('pending', 'failed') then 'UNPAID'
            else 'CANCELLATION'
        end as reason,
        'RETURN' as action_type,
        sold.line_type,
        sold.line_id,
        -sold.quantity as quantity,
        -sold.net_amount as net_amount,
        -sold.tax_amount as tax_amount,
        -sold.discount_amount as discount_amount
    from sold
    inner join orders
        on
            sold.connection_id = orders.connection_id
            and sold.order_id = orders.order_id
    where not orders.is_counted

    union all

    select
        returned.connection_id,
        returned.order_id,
        'refund:' || returned.refund_id || ':' || returned.part as sale_id,
        'refund:' || returned.refund_id as agreement_id,
        refunds.refunded_at as happened_at,
        'REFUND' as reason,
        'RETURN' as action_type,
        returned.line_type,
        returned.line_id,
        -returned.quantity as quantity,
        -returned.net_amount as net_amount,
        -returned.tax_amount as tax_amount,
        0 as discount_amount
    from returned
    inner join refunds
        on
            returned.connection_id = refunds.connection_id
            and returned.order_id = refunds.order_id
            and returned.refund_id = refunds.refund_id

),

-- A refund is converted at the rate of its order's day, so that a full one leaves nothing.
final as (

    select
        entries.connection_id,
        entries.order_id,
        entries.sale_id,
        entries.agreement_id,
        entries.happened_at,
        entries.reason,
        entries.action_type,
        entries.line_type,
        entries.line_id,
        cast(entries.quantity as bigint) as quantity,
        {{ in_shop_currency('entries.net_amount + entries.tax_amount', 'orders') }} as total_amount,
        {{ in_shop_currency('entries.tax_amount', 'orders') }} as tax_amount,
        {{ in_shop_currency('entries.discount_amount', 'orders') }} as discount_amount
    from entries
    inner join orders
        on
            entries.connection_id = orders.connection_id
            and entries.order_id = orders.order_id

)

select * from final
