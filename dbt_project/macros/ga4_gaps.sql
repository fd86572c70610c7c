{#- Why GA4 shows other money than the shop, order by order, as int_ga4_gaps_caused tells it. `days`: a CTE or
relation with connection_id and order_date, then only gaps of orders of these business days; without one all, and
those of GA4's ids that name no order. has_told: also what GA4 tells of each order, which is no gap: `told`, and how
many of its rows have no rate yet, `told_without_rate`. -#}
{% macro ga4_gaps(days=none, has_told=false) -%}
with

orders as (

    select
        orders.connection_id,
        orders.order_id,
        orders.order_date,
        orders.order_class,
        orders.cancelled_at is not null as is_cancelled,
        orders.sales_channel in {{ quoted_list(var('online_sales_channels')) }} as is_online,
        orders.is_journey_ready,
        coalesce(orders.moment_count, 0) as moment_count,
        orders.order_class = 'unpriced'
        or coalesce(headers.presentment_currency_code <> headers.currency_code, false)
        or coalesce(woocommerce_orders.currency_code <> orders.currency_code, false)
            as is_foreign
    from {{ ref('fct_order') }} as orders
    {%- if days %}
    inner join {{ days }} as days
        on
            orders.connection_id = days.connection_id
            and orders.order_date = days.order_date
    {%- endif %}
    left join {{ ref('stg_shopify__orders') }} as headers
        on
            orders.connection_id = headers.connection_id
            and orders.order_id = headers.order_id
            {%- if days %}
            and {{ is_of_orders('headers', orders_of_days(days)) }}
            {%- endif %}
    left join {{ ref('stg_woocommerce__orders') }} as woocommerce_orders
        on
            orders.connection_id = woocommerce_orders.connection_id
            and orders.order_id = woocommerce_orders.order_id
    {%- if days %}
    where {{ is_of_days('orders.order_date', days) }}
    {%- endif %}

),

ledger as (

    select
        sales.connection_id,
        sales.order_id,
        sales.event_date,
        sum(case when sales.reason = 'ORDER' then sales.net_revenue_amount else 0 end) as sale_amount,
        sum(case when sales.reason = 'ORDER' then 0 else sales.net_revenue_amount end) as later_amount,
        sum(case when sales.reason = 'ORDER' then sales.tax_amount else 0 end) as tax_amount,
        sum(
            case
                when sales.reason = 'ORDER' and sales.line_type = 'SHIPPING' then sales.total_amount - sales.tax_amount
                else 0
            end
        ) as shipping_amount,
        sum(
            case
                when sales.reason = 'ORDER' and sales.line_type <> 'SHIPPING' and not sales.is_net_revenue
                    then sales.total_amount - sales.tax_amount
                else 0
            end
        ) as other_amount,
        sum(case when sales.reason = 'ORDER' then sales.discount_amount else 0 end) as discount_amount
    from {{ ref('fct_order_sale') }} as sales
    {%- if days %}
    inner join orders
        on
            sales.connection_id = orders.connection_id
            and sales.order_id = orders.order_id
    where {{ is_of_orders('sales', 'orders') }}
    {%- endif %}
    group by sales.connection_id, sales.order_id, sales.event_date

),

entries as (

    select
        orders.*,
        ledger.event_date,
        ledger.sale_amount,
        ledger.later_amount
    from ledger
    inner join orders
        on
            ledger.connection_id = orders.connection_id
            and ledger.order_id = orders.order_id
    where orders.order_class <> 'test'

),

sold as (

    select
        connection_id,
        order_id,
        sum(sale_amount) as sale_amount,
        sum(later_amount) as later_amount,
        sum(tax_amount) as tax_amount,
        sum(shipping_amount) as shipping_amount,
        sum(other_amount) as other_amount,
        sum(discount_amount) as discount_amount
    from ledger
    group by connection_id, order_id

),

ga4_rows as (

    select
        placed.*,
        orders.order_class
    from {{ ref('int_ga4_rows_placed') }} as placed
    {{ 'inner' if days else 'left' }} join orders
        on
            placed.connection_id = orders.connection_id
            and placed.order_id = orders.order_id
    {%- if days %}
    -- A list, not a join: it reaches into the view, which then ranks no other order's rows.
    where placed.order_id = any(array(select wanted.order_id from orders as wanted))
    {%- endif %}

),

-- The purchase of an order; a row of two purchases holds the amount twice, unless GA4 counted the
-- repeat without its money.
purchases as (

    select
        ga4_rows.connection_id,
        ga4_rows.order_id,
        ga4_rows.transaction_key,
        ga4_rows.transaction_date,
        ga4_rows.purchase_amount,
        sold.sale_amount,
        sold.later_amount,
        sold.tax_amount,
        sold.shipping_amount,
        sold.other_amount,
        sold.discount_amount,
        orders.is_foreign or ga4_rows.is_converted as is_foreign,
        case
            when
                abs(ga4_rows.purchase_amount - sold.sale_amount)
                <= abs(ga4_rows.purchase_amount / ga4_rows.purchase_count - sold.sale_amount)
                then ga4_rows.purchase_amount
            else {{ amount('ga4_rows.purchase_amount / ga4_rows.purchase_count') }}
        end as once_amount
    from ga4_rows
    inner join orders
        on
            ga4_rows.connection_id = orders.connection_id
            and ga4_rows.order_id = orders.order_id
    inner join sold
        on
            ga4_rows.connection_id = sold.connection_id
            and ga4_rows.order_id = sold.order_id
    where ga4_rows.repeat_number = 1 and orders.order_class <> 'test'

),

-- A cent of tolerance: tax is rounded per line here and per order there. Conditions, not a join
-- with the bases: the first that fits ends the search, and no purchase becomes 32 rows.
compared as (

    select
        connection_id,
        order_id,
        case
            when {{ is_sent_as_known_basis() }} then 0
            when {{ is_sent_as_known_basis('later_amount') }} then 1
        end as is_refunded
    from purchases

),

known_bases as (

    select
        connection_id,
        order_id,
        is_refunded
    from compared
    where is_refunded is not null

),

gaps as (

    select
        connection_id,
        event_date as gap_date,
        order_id,
        cast(null as text) as transaction_key,
        case when is_cancelled then 'cancelled' else 'refund_timing' end as cause,
        later_amount as gap_amount
    from entries

    union all

    -- GA4 took the refund off the purchase, or shows it as a row of its own.
    select
        purchases.connection_id,
        purchases.transaction_date as gap_date,
        purchases.order_id,
        purchases.transaction_key,
        'refund_timing' as cause,
        -purchases.later_amount as gap_amount
    from purchases
    inner join known_bases
        on
            purchases.connection_id = known_bases.connection_id
            and purchases.order_id = known_bases.order_id
            and known_bases.is_refunded = 1

    union all

    select
        connection_id,
        transaction_date as gap_date,
        order_id,
        transaction_key,
        case when order_class = 'test' then 'test_order' else 'refund_timing' end as cause,
        -purchase_amount as gap_amount
    from ga4_rows
    where order_id is not null and repeat_number is null

    union all

    select
        connection_id,
        transaction_date as gap_date,
        order_id,
        transaction_key,
        case when order_class = 'test' then 'test_order' else 'duplicate' end as cause,
        -purchase_amount as gap_amount
    from ga4_rows
    where repeat_number > 1 or (repeat_number = 1 and order_class = 'test')

    union all

    select
        connection_id,
        transaction_date as gap_date,
        order_id,
        transaction_key,
        'duplicate' as cause,
        once_amount - purchase_amount as gap_amount
    from purchases

    union all

    -- The sale leaves the shop's day …
    select
        entries.connection_id,
        entries.event_date as gap_date,
        entries.order_id,
        purchases.transaction_key,
        'time_zone' as cause,
        entries.sale_amount as gap_amount
    from entries
    inner join purchases
        on
            entries.connection_id = purchases.connection_id
            and entries.order_id = purchases.order_id
            and entries.event_date <> purchases.transaction_date

    union all

    -- … and comes to GA4's.
    select
        entries.connection_id,
        purchases.transaction_date as gap_date,
        entries.order_id,
        purchases.transaction_key,
        'time_zone' as cause,
        -entries.sale_amount as gap_amount
    from entries
    inner join purchases
        on
            entries.connection_id = purchases.connection_id
            and entries.order_id = purchases.order_id
            and entries.event_date <> purchases.transaction_date

    union all

    select
        purchases.connection_id,
        purchases.transaction_date as gap_date,
        purchases.order_id,
        purchases.transaction_key,
        case
            when purchases.is_foreign then 'currency'
            when known_bases.order_id is not null then 'value_basis'
            else 'unexplained'
        end as cause,
        purchases.sale_amount - purchases.once_amount
        + coalesce(known_bases.is_refunded, 0) * purchases.later_amount as gap_amount
    from purchases
    left join known_bases
        on
            purchases.connection_id = known_bases.connection_id
            and purchases.order_id = known_bases.order_id

    union all

    select
        entries.connection_id,
        entries.event_date as gap_date,
        entries.order_id,
        cast(null as text) as transaction_key,
        case
            when not entries.is_online then 'sales_channel'
            when entries.is_journey_ready and entries.moment_count > 0 then 'event_not_fired'
            when entries.is_journey_ready is null or entries.is_journey_ready then 'consent'
            -- The shop has not computed the journey yet.
            else 'unexplained'
        end as cause,
        entries.sale_amount as gap_amount
    from entries
    left join purchases
        on
            entries.connection_id = purchases.connection_id
            and entries.order_id = purchases.order_id
    where purchases.order_id is null

    union all

    select
        connection_id,
        transaction_date as gap_date,
        cast(null as text) as order_id,
        transaction_key,
        'unexplained' as cause,
        -purchase_amount as gap_amount
    from ga4_rows
    where order_id is null
    {%- if has_told %}

    union all

    select
        connection_id,
        transaction_date as gap_date,
        order_id,
        transaction_key,
        'told' as cause,
        coalesce(purchase_amount, 0) as gap_amount
    from ga4_rows
    where order_id is not null

    union all

    select
        connection_id,
        transaction_date as gap_date,
        order_id,
        transaction_key,
        'told_without_rate' as cause,
        1 as gap_amount
    from ga4_rows
    where order_id is not null and purchase_amount is null
    {%- endif %}

),

final as (

    select
        connection_id,
        gap_date,
        order_id,
        transaction_key,
        cause,
        {{ amount('gap_amount') }} as gap_amount
    from gaps
    where gap_amount <> 0{{ " or cause = 'told'" if has_told }}

)

select * from final
{%- endmacro %}

{#- What GA4 tells on each date, as one number: another when a row came, went or was changed (its load is then a
newer one), when a property turns out to be another shop's, a rate came late, or an id names another order now.
Sums of the rows' loads, so that no row is joined: rates and shops come to what rows of a date share. Other SQL reads
every date again, as it rebuilds every order. -#}
{% macro ga4_date_keys() -%}
    select
        told.transaction_date,
        sum(told.told_key) as ga4_key
    from (
        select
            loaded.transaction_date,
            {{ hashed_sum([
                "cast('" ~ project_code() ~ "' as text)",
                'loaded.connection_id', 'loaded.property_id', 'loaded.transaction_date',
                'loaded.currency_code', 'loaded.row_count', 'loaded.load_key',
                'properties.connection_id', 'shops.connection_id', 'shops.currency_code',
                converted_amount(
                    '1', 'loaded.currency_code', 'shops.currency_code', 'loaded.transaction_date'
                ),
            ]) }} as told_key
        from (
            select
                connection_id,
                property_id,
                transaction_date,
                currency_code,
                count(*) as row_count,
                {{ hashed_sum(['load_id']) }} as load_key
            from {{ ref('stg_ga4__transactions') }}
            group by connection_id, property_id, transaction_date, currency_code
        ) as loaded
        left join {{ ref('int_ga4_properties_matched') }} as properties
            on
                loaded.connection_id = properties.ga4_connection_id
                and loaded.property_id = properties.property_id
        cross join {{ ref('int_shops') }} as shops
        group by loaded.transaction_date

        union all

        select
            transaction_date,
            {{ hashed_sum([
                'connection_id', 'order_id', 'ga4_connection_id', 'property_id', 'transaction_id',
            ]) }} as told_key
        from {{ ref('int_ga4_transactions_joined') }}
        group by transaction_date
    ) as told
    group by told.transaction_date
{%- endmacro %}

{#- Pre-hooks of the table of those gaps: the days that are compared again, then gone from it. Of a date on which
GA4 tells something else these are the days of the orders it names, of orders that had a gap on it, and all within
two days: a purchase is a day from its order at most, in the property's zone.

Purchases that name no order are of their own date, whose are read again: those of these days, those on which an id
of such a date stands as well, and those on which an order stood that such a date told of until now. One date can
decide whether the rows of another one have a name. -#}
{% macro collect_ga4_days() -%}
    create temporary table ga4_dates_keyed on commit drop as
    {{ ga4_date_keys() }}
    {%- if is_incremental() %};
    create temporary table ga4_dates_changed on commit drop as
    select
        coalesce(expected.connection_id, stored.connection_id) as connection_id,
        coalesce(expected.transaction_date, stored.order_date) as transaction_date
    from (
        select
            shops.connection_id,
            dates.transaction_date
        from ga4_dates_keyed as dates
        cross join {{ ref('int_shops') }} as shops
    ) as expected
    full outer join (
        select
            connection_id,
            order_date,
            ga4_key
        from {{ this }}
        where cause = 'agreed'
    ) as stored
        on
            expected.connection_id = stored.connection_id
            and expected.transaction_date = stored.order_date
    left join ga4_dates_keyed as keyed on stored.order_date = keyed.transaction_date
    where
        stored.connection_id is null
        or stored.ga4_key <> coalesce(keyed.ga4_key, 0);
    create temporary table ga4_orders_named on commit drop as
    {%- for key in ['order_id', 'order_number'] %}
    select
        named.connection_id,
        named.order_id
    from {{ ref('int_orders_identified') }} as named
    -- A list, not a join: the few ids of those dates are looked up, where joins by loops are off.
    where
        named.{{ key }} = any(array(
            select loaded.transaction_key
            from {{ ref('stg_ga4__transactions') }} as loaded
            where
                loaded.transaction_date = any(array(
                    select changed.transaction_date from ga4_dates_changed as changed
                ))
        ))
    {{ 'union distinct' if not loop.last }}
    {%- endfor %};
    create temporary table ga4_days_to_rebuild on commit drop as
    {{ days_to_rebuild() }}

    union distinct

    select
        changed.connection_id,
        {{ days_after('changed.transaction_date', 'shifts.days') }} as order_date
    from ga4_dates_changed as changed
    cross join (values (-2), (-1), (0), (1), (2)) as shifts (days)

    union distinct

    select
        stored.connection_id,
        stored.order_date
    from {{ this }} as stored
    where stored.gap_date in (select changed.transaction_date from ga4_dates_changed as changed)

    union distinct

    select
        orders.connection_id,
        orders.order_date
    from {{ ref('fct_order') }} as orders
    inner join ga4_orders_named as named
        on
            orders.connection_id = named.connection_id
            and orders.order_id = named.order_id
    where {{ is_of_orders('orders', 'ga4_orders_named') }};
    create temporary table ga4_dates_nameless on commit drop as
    select
        days.connection_id,
        days.order_date
    from ga4_days_to_rebuild as days

    union distinct

    select
        shops.connection_id,
        dates.transaction_date as order_date
    from (
        select loaded.transaction_date
        from {{ ref('stg_ga4__transactions') }} as loaded
        -- A join, not a list: in a scan of all rows each would be compared with the whole list.
        where
            loaded.transaction_key in (
                select named.transaction_key
                from {{ ref('stg_ga4__transactions') }} as named
                where
                    {{ may_name_an_order('named.transaction_key') }}
                    and named.transaction_date = any(array(
                        select changed.transaction_date from ga4_dates_changed as changed
                    ))
            )

        union distinct

        select stored.gap_date
        from {{ this }} as stored
        where
            stored.cause = 'told'
            and (stored.connection_id, stored.order_date) in (
                select
                    told.connection_id,
                    told.order_date
                from {{ this }} as told
                where
                    told.cause = 'told'
                    and told.gap_date in (
                        select changed.transaction_date from ga4_dates_changed as changed
                    )
            )
    ) as dates
    cross join {{ ref('int_shops') }} as shops;
    delete from {{ this }}
    where
        cause in ('nameless', 'nameless_without_rate')
        and (connection_id, order_date) in (
            select
                days.connection_id,
                days.order_date
            from ga4_dates_nameless as days
        )
    {%- endif %}
{%- endmacro %}

{#- True for an id that may name an order. The words GA4 has for ids that it withholds stand on every date. -#}
{% macro may_name_an_order(transaction_key) -%}
    {{ transaction_key }} not in ('(not set)', '(other)', '(data not available)')
{%- endmacro %}
