-- Days {from_day} to {to_day} of the market, as the connectors load them: one load per stream and day.
create table market.loaded as
select
    day,
    (day + 1) * 100 + place as load_id,
    source,
    stream,
    market.on_day(day) as window_start,
    market.on_day(day + 1) as window_end,
    market.on_day(day + 1) + interval '7 hours' as read_at
from generate_series({from_day}, {to_day}) as day
cross join (
    values
    (1, 'shopify', 'orders'), (2, 'shopify', 'customers'), (3, 'shopify', 'order_days'),
    (4, 'shopify', 'daily_sales'), (5, 'shopify', 'shop'), (6, 'shopify', 'product_variants'),
    (7, 'shopify', 'discount_codes'), (8, 'ga4', 'sessions'), (9, 'ga4', 'session_totals'),
    (10, 'ga4', 'transactions'), (11, 'ga4', 'first_user_acquisition'), (12, 'ga4', 'geography'),
    (13, 'ga4', 'key_events'), (14, 'instagram', 'accounts'), (15, 'instagram', 'media'),
    (16, 'instagram', 'media_insights'), (17, 'instagram', 'discovered_accounts'),
    (18, 'instagram', 'discovered_media'), (19, 'instagram', 'comments')
) as streams (place, source, stream);
insert into quality.load_windows (
    load_id, source, stream, connection_id, partition_key, window_start, window_end, run_id,
    captured_from, captured_to, captured_at_source, started_at, status, rows_merged, rows_deleted,
    loaded_at
) overriding system value
select
    load_id, source, stream, source, window_start::date::text, window_start, window_end, 'market',
    read_at, read_at, 'api', read_at, 'loaded', 1, 0, read_at
from market.loaded;
insert into quality.source_arrivals (source, day, arrived_at, run_id)
select distinct on (source, day) source, window_start::date, read_at, 'market'
from market.loaded;
-- orders: new ones, and older ones whose refund came in these days
create table market.touched as
select
    orders.*,
    orders.day >= {from_day} as is_new,
    orders.refund_day between {from_day} and {to_day} as is_refunded,
    (orders.day + 1) * 100 + 1 as order_load_id,
    (orders.refund_day + 1) * 100 + 1 as refund_load_id,
    market.on_day(orders.refund_day) + (orders.created_at - market.on_day(orders.day))
        as refunded_at
from market.orders
where orders.day between {from_day} and {to_day}
    or (orders.refund_day between {from_day} and {to_day} and orders.day < {from_day});
alter table market.touched add primary key (number);
analyze market.touched;
insert into raw.shopify__orders (
    connection_id, order_id, name, created_at, updated_at, processed_at, test, confirmed,
    source_name, display_financial_status, currency_code, presentment_currency_code, taxes_included,
    total_price, subtotal_price, total_discounts, total_shipping_price, total_tax, total_refunded,
    customer_id, customer_number_of_orders, customer_order_index, days_to_conversion, journey_ready,
    journey_moments_count, _content_hash, _captured_at, _load_id, _loaded_at
)
select
    'shopify', order_id, name, created_at,
    case when is_refunded then refunded_at else created_at end, created_at, false, true,
    case when is_web then 'web' else 'pos' end,
    case
        when not is_refunded then 'PAID'
        when refunded = subtotal + tax then 'REFUNDED'
        else 'PARTIALLY_REFUNDED'
    end,
    'USD', 'USD', false, subtotal + shipping + tax, subtotal, listed - subtotal, shipping, tax,
    case when is_refunded then refunded else 0 end, customer_id, customer_order_index,
    customer_order_index, case when is_web and not is_guest then 0 end,
    is_web and not is_guest, case when is_web then visit_count end, '',
    market.on_day(day + 1) + interval '7 hours',
    case when is_refunded then refund_load_id else order_load_id end,
    market.on_day(day + 1) + interval '7 hours'
from market.touched
where is_new
order by number;
update raw.shopify__orders as stored
set
    updated_at = touched.refunded_at,
    display_financial_status = case
        when touched.refunded = touched.subtotal + touched.tax then 'REFUNDED'
        else 'PARTIALLY_REFUNDED'
    end,
    total_refunded = touched.refunded,
    _load_id = touched.refund_load_id,
    _captured_at = market.on_day(touched.refund_day + 1) + interval '7 hours'
from market.touched
where stored.connection_id = 'shopify' and stored.order_id = touched.order_id and not touched.is_new;
insert into raw.shopify__order_lines
select
    'shopify', touched.order_id, 'gid://shopify/LineItem/' || lines.number * 4 + lines.line,
    'SKU-' || lines.sku_no, 'gid://shopify/Product/' || lines.sku_no,
    'gid://shopify/ProductVariant/' || lines.sku_no, 1,
    case when touched.is_refunded and lines.is_returned then 0 else 1 end, lines.price,
    lines.discounted, null, touched.order_load_id, touched.created_at
from market.touched
inner join market.lines on touched.number = lines.number
where touched.is_new
order by touched.number;
update raw.shopify__order_lines as stored
set current_quantity = 0, _load_id = touched.refund_load_id
from market.touched
inner join market.lines on touched.number = lines.number
where
    not touched.is_new
    and lines.is_returned
    and stored.connection_id = 'shopify'
    and stored.order_id = touched.order_id
    and stored.line_id = 'gid://shopify/LineItem/' || lines.number * 4 + lines.line;
insert into raw.shopify__order_sales
select
    'shopify', order_id, 'gid://shopify/' || kind || '/' || sale_no,
    'gid://shopify/OrderAgreement/' || number * 16, created_at, 'ORDER', 'ORDER', line_type,
    line_id, quantity, total_amount, total_tax, discount, null, order_load_id, created_at
from (
    select
        touched.number, touched.order_id, touched.created_at, touched.order_load_id,
        'ProductSale' as kind, touched.number * 16 + lines.line as sale_no, 'PRODUCT' as line_type,
        'gid://shopify/LineItem/' || lines.number * 4 + lines.line as line_id, 1 as quantity,
        lines.discounted + lines.tax as total_amount, lines.tax as total_tax,
        lines.price - lines.discounted as discount
    from market.touched
    inner join market.lines on touched.number = lines.number
    where touched.is_new
    union all
    select
        number, order_id, created_at, order_load_id, 'ShippingLineSale', number * 16 + 9,
        'SHIPPING', null, null, shipping, 0, 0
    from market.touched
    where is_new and shipping > 0
) as sales
order by number;
insert into raw.shopify__order_sales
select
    'shopify', touched.order_id,
    'gid://shopify/ProductSale/' || touched.number * 16 + 10 + lines.line,
    'gid://shopify/RefundAgreement/' || touched.number * 16, touched.refunded_at, 'REFUND',
    'RETURN', 'PRODUCT', 'gid://shopify/LineItem/' || lines.number * 4 + lines.line, -1,
    -(lines.discounted + lines.tax), -lines.tax, -(lines.price - lines.discounted), null,
    touched.refund_load_id, touched.refunded_at
from market.touched
inner join market.lines on touched.number = lines.number
where touched.is_refunded and lines.is_returned
order by touched.number;
insert into raw.shopify__order_refunds
select
    'shopify', order_id, 'gid://shopify/Refund/' || number, refunded_at, refunded_at, refunded,
    null, refund_load_id, refunded_at
from market.touched
where is_refunded;
insert into raw.shopify__order_refund_lines
select
    'shopify', touched.order_id, 'gid://shopify/Refund/' || touched.number,
    'gid://shopify/LineItem/' || lines.number * 4 + lines.line, 1, lines.discounted, lines.tax,
    null, touched.refund_load_id, touched.refunded_at
from market.touched
inner join market.lines on touched.number = lines.number
where touched.is_refunded and lines.is_returned;
insert into raw.shopify__order_transactions
select
    'shopify', order_id, 'gid://shopify/OrderTransaction/' || number * 2, null, 'SALE', 'SUCCESS',
    null, 'shopify_payments', false, created_at, created_at, subtotal + shipping + tax,
    null::jsonb,
    order_load_id, created_at
from market.touched
where is_new
union all
select
    'shopify', order_id, 'gid://shopify/OrderTransaction/' || number * 2 + 1,
    'gid://shopify/OrderTransaction/' || number * 2, 'REFUND', 'SUCCESS', null, 'shopify_payments',
    false, refunded_at, refunded_at, refunded, null::jsonb, refund_load_id, refunded_at
from market.touched
where is_refunded;
insert into raw.shopify__order_discount_codes
select
    'shopify', touched.order_id, 0, codes.code, null, touched.order_load_id, touched.created_at
from market.touched
inner join market.codes on touched.number = codes.number
where touched.is_new;
insert into raw.shopify__order_moments
select
    'shopify', touched.order_id, 'gid://shopify/CustomerVisit/' || touched.number * 4 + visits.visit,
    visits.occurred_at,
    'https://www.brand.example' || case
        when visits.utm_source is null then '/'
        else
            '/collections/all?utm_source=' || visits.utm_source || '&utm_medium='
            || visits.utm_medium || '&utm_campaign=' || visits.utm_campaign
            || coalesce('&utm_content=' || visits.utm_content, '')
    end,
    visits.referrer_url, visits.source, null, visits.utm_source, visits.utm_medium,
    visits.utm_campaign, visits.utm_content, null, null, touched.order_load_id, touched.created_at
from market.touched
inner join market.named_visits as visits on touched.number = visits.number
where touched.is_new
order by touched.number;
insert into raw.shopify__customers
select distinct on (customer_id)
    'shopify', customer_id, created_at, created_at, customer_order_index::text, subtotal, 'USD',
    'DISABLED', true, md5(customer_id) || md5(customer_id || '@'), 'SUBSCRIBED', null, 'US', 'CA',
    null, ''::bytea, created_at, order_load_id + 1, created_at
from market.touched
where is_new and customer_id is not null
order by customer_id, number desc
on conflict (connection_id, customer_id) do update
set
    updated_at = excluded.updated_at, number_of_orders = excluded.number_of_orders,
    _captured_at = excluded._captured_at, _load_id = excluded._load_id;
insert into raw.shopify__order_ids
select
    'shopify', created_at::date, order_id, created_at, customer_id, null, order_load_id + 2,
    created_at
from market.touched
where is_new;
insert into raw.shopify__order_days
select
    'shopify', window_start::date, {orders_per_day}, null, '', read_at, load_id, read_at
from market.loaded
where stream = 'order_days';
insert into raw.shopify__daily_sales
select
    'shopify', loaded.window_start::date, {orders_per_day}, sales.listed,
    sales.subtotal - sales.listed, -returns.returned, sales.subtotal - returns.returned, 'USD',
    null, '', loaded.read_at, loaded.load_id, loaded.read_at
from market.loaded
inner join (
    select day, sum(listed) as listed, sum(subtotal) as subtotal
    from market.orders
    where day between {from_day} and {to_day}
    group by day
) as sales on loaded.day = sales.day
cross join lateral (
    select coalesce(sum(lines.discounted), 0) as returned
    from market.orders
    inner join market.lines on orders.number = lines.number
    where orders.refund_day = loaded.day and lines.is_returned
) as returns
where loaded.stream = 'daily_sales';
insert into raw.shopify__shop
select
    'shopify', window_start, read_at, 'api', 'gid://shopify/Shop/1', 'Brand',
    'brand.myshopify.com', 'USD', 'UTC', false, null, '', load_id, read_at
from market.loaded
where stream = 'shop';
insert into raw.shopify__product_variants
select
    'shopify', window_start, read_at, 'api', 'gid://shopify/ProductVariant/' || sku_no,
    'gid://shopify/Product/' || sku_no, 'Product ' || sku_no, false, sku, 'Default Title', price,
    round(price * 0.3, 2), 'USD', market.on_day({first_day}), market.on_day({first_day}), null, '',
    load_id, read_at
from market.loaded
cross join market.skus
where stream = 'product_variants';
insert into raw.shopify__discount_codes
select
    'shopify', window_start, read_at, 'api', 'gid://shopify/DiscountRedeemCode/' || member_no, code,
    0, 'gid://shopify/DiscountNode/' || member_no, 'DiscountCodeBasic', handle, 'ACTIVE',
    market.on_day(start_day), market.on_day(end_day + 22), null, null, '', load_id, read_at
from market.loaded
inner join market.members on loaded.day between members.start_day and members.end_day + 60
where stream = 'discount_codes'
