-- Net sales per shop and business date from the order headers: what the tie-out compares with while
-- the shop's own report may not be read. Lines after discounts and before tax on the sale's date,
-- refunded lines (else the refunded money) on the refund's date. Of WooCommerce the order's total
-- without tax and shipping, in the shop's currency at the rate of the order's day as the ledger has
-- it; `converted_entry_count` are the sales and refunds that were taken in another. Shopify's are
-- left out on days that every shop's report tells: lists, not joins, for they reach an index.
with

reported as (

    select report_date
    from {{ ref('int_reported_sales') }}
    group by report_date
    having count(*) = (select count(*) from {{ ref('int_shops') }})

),

spans as (

    select
        cast(min(order_date) as timestamp) as first_at,
        cast(max(order_date) as timestamp) as last_at
    from {{ ref('fct_order') }}

    union all

    select
        min(refunded_at) at time zone 'UTC' - interval '1 day' as first_at,
        max(refunded_at) at time zone 'UTC' + interval '1 day' as last_at
    from {{ ref('stg_shopify__order_refunds') }}

),

unreported as (

    select cast(series.day_at as date) as order_date
    from (
        select
            min(first_at) as first_at,
            max(last_at) as last_at
        from spans
    ) as span
    cross join
        lateral generate_series(
            date_trunc('day', span.first_at), span.last_at, interval '1 day'
        ) as series (day_at)
    left join reported on cast(series.day_at as date) = reported.report_date
    where reported.report_date is null

),

sales as (

    select
        orders.connection_id,
        orders.order_date,
        coalesce(headers.subtotal_amount, 0)
        - case when headers.is_tax_included then coalesce(headers.tax_amount, 0) else 0 end
            as net_amount,
        false as is_converted
    from {{ ref('fct_order') }} as orders
    inner join {{ ref('stg_shopify__orders') }} as headers
        on
            orders.connection_id = headers.connection_id
            and orders.order_id = headers.order_id
    where orders.order_class <> 'test' and {{ is_of_days('orders.order_date', 'unreported') }}

),

refund_lines as (

    select
        connection_id,
        order_id,
        refund_id,
        sum(subtotal_amount) as subtotal_amount,
        sum(tax_amount) as tax_amount
    from {{ ref('stg_shopify__order_refund_lines') }}
    group by connection_id, order_id, refund_id

),

-- No zone is more than a day from UTC.
given_back as (

    select * from {{ ref('stg_shopify__order_refunds') }}
    where
        cast(refunded_at at time zone 'UTC' as date) = any(
            array(
                select {{ days_after('unreported.order_date', 'shifts.days') }}
                from unreported
                cross join (values (-1), (0), (1)) as shifts (days)
            )
        )

),

-- Few orders are refunded: their rows are looked up.
refunds as (

    select
        orders.connection_id,
        {{ business_date('refunds.refunded_at', 'orders.business_timezone') }} as order_date,
        -coalesce(
            refund_lines.subtotal_amount
            - case when headers.is_tax_included then refund_lines.tax_amount else 0 end,
            refunds.refunded_amount
        ) as net_amount,
        false as is_converted
    from given_back as refunds
    inner join {{ ref('fct_order') }} as orders
        on
            refunds.connection_id = orders.connection_id
            and refunds.order_id = orders.order_id
    inner join {{ ref('stg_shopify__orders') }} as headers
        on
            refunds.connection_id = headers.connection_id
            and refunds.order_id = headers.order_id
    left join refund_lines
        on
            refunds.connection_id = refund_lines.connection_id
            and refunds.order_id = refund_lines.order_id
            and refunds.refund_id = refund_lines.refund_id
    where
        orders.order_class <> 'test'
        and {{ is_of_orders('orders', 'given_back') }}
        and {{ is_of_orders('headers', 'given_back') }}
        and {{ is_of_days(
            business_date('refunds.refunded_at', 'orders.business_timezone'), 'unreported'
        ) }}

),

woocommerce_orders as (

    select
        orders.connection_id,
        orders.order_id,
        orders.order_date,
        orders.business_timezone,
        headers.shop_date,
        headers.currency_code,
        orders.currency_code as shop_currency_code,
        headers.currency_code <> orders.currency_code as is_converted,
        headers.net_amount
    from {{ ref('fct_order') }} as orders
    inner join {{ ref('stg_woocommerce__orders') }} as headers
        on
            orders.connection_id = headers.connection_id
            and orders.order_id = headers.order_id
    where {{ is_counted_by_woocommerce('headers.order_status') }}

),

woocommerce_refund_parts as (

    select
        connection_id,
        refund_id,
        sum(
            case
                when line_type = 'shipping' then subtotal_amount + tax_amount
                else tax_amount
            end
        ) as uncounted_amount
    from {{ ref('stg_woocommerce__refund_lines') }}
    group by connection_id, refund_id

),

woocommerce_refunds as (

    select
        orders.connection_id,
        {{ business_date('refunds.refunded_at', 'orders.business_timezone') }} as order_date,
        {{ in_shop_currency(
            'coalesce(parts.uncounted_amount, 0) - refunds.refunded_amount', 'orders'
        ) }} as net_amount,
        orders.is_converted
    from woocommerce_orders as orders
    inner join {{ ref('stg_woocommerce__refunds') }} as refunds
        on
            orders.connection_id = refunds.connection_id
            and orders.order_id = refunds.order_id
    left join woocommerce_refund_parts as parts
        on
            refunds.connection_id = parts.connection_id
            and refunds.refund_id = parts.refund_id

),

entries as (

    select
        connection_id,
        order_date,
        net_amount,
        is_converted
    from sales

    union all

    select
        orders.connection_id,
        orders.order_date,
        {{ in_shop_currency('orders.net_amount', 'orders') }} as net_amount,
        orders.is_converted
    from woocommerce_orders as orders

    union all

    select
        connection_id,
        order_date,
        net_amount,
        is_converted
    from woocommerce_refunds

    union all

    select
        connection_id,
        order_date,
        net_amount,
        is_converted
    from refunds

),

final as (

    select
        connection_id,
        order_date,
        sum(net_amount) as net_sales_amount,
        count(case when is_converted then 1 end) as converted_entry_count
    from entries
    group by connection_id, order_date

)

select * from final
