-- A shop, a campaign that is over but whose links still bring visits, and its 22 creators.
insert into raw.shopify__shop values (
    'shopify', '2025-01-01', '2025-01-01', 'header', '1', 'Shop', 'shop', 'USD', 'UTC', false,
    null, '', 1, now()
);
insert into raw.campaign_plan__campaigns (
    connection_id, campaign_id, plan_version, campaign_name, brand_name, brand_handles,
    shop_connection_id, start_date, end_date, reporting_timezone, currency_code, utm_campaign,
    lookback_days, lookback_days_by_evidence, default_attribution_model, default_rule_version,
    _content_hash, _captured_at, _load_id, _loaded_at
) values (
    'campaign_plan', 'spring', '1', 'Spring', 'Brand', '{}', 'shopify', '2024-03-01', '2024-05-31',
    'UTC', 'USD', 'spring', 30, '{}', 'linear', 'all', '', now(), 1, now()
);
insert into raw.campaign_plan__creators (
    connection_id, campaign_id, creator_id, creator_name, _content_hash, _captured_at, _load_id,
    _loaded_at
)
select 'campaign_plan', 'spring', 'creator_' || n, 'Creator ' || n, '', now(), 1, now()
from generate_series(0, 21) as n;
insert into raw.campaign_plan__links (
    connection_id, campaign_id, creator_id, link_id, utm_source, utm_medium, utm_campaign,
    utm_content, valid_from, _content_hash, _captured_at, _load_id, _loaded_at
)
select
    'campaign_plan', 'spring', 'creator_' || n, 'bio_' || n, 'instagram', 'influencer', 'spring',
    'creator_' || n, '2024-03-01', '', now(), 1, now()
from generate_series(0, 21) as n;
-- orders
insert into quality.load_windows (
    load_id, source, stream, connection_id, partition_key, window_start, window_end, run_id,
    started_at, status, rows_merged, rows_deleted
) overriding system value
select
    day, 'shopify', 'orders', 'shopify', cast(day as text), date '2025-01-01' + day,
    date '2025-01-02' + day, 'bench', now(), 'loaded', 1, 0
from generate_series({first_day}, {last_day}) as day;
with run as (
    insert into quality.measure_runs (day, as_of_date, run_id, sources_present)
    values (date '2025-01-01' + {last_day}, date '2025-01-01' + {last_day}, 'bench', '{shopify}')
    returning measure_run_id
)
insert into quality.measure_run_loads
select measure_run_id, day from run cross join generate_series({first_day}, {last_day}) as day;
create temporary table written as
select
    day as load_id,
    cast(5000000000 + day * {orders_per_day}::bigint + number as text) as order_id,
    '#' || (day * {orders_per_day}::bigint + number) as order_name,
    date '2025-01-01' + day + number * interval '1 day' / {orders_per_day} as created_at
from generate_series({first_day}, {last_day}) as day
cross join generate_series(0, {orders_per_day} - 1) as number;
insert into raw.shopify__orders (
    connection_id, order_id, name, created_at, updated_at, processed_at, test, confirmed,
    source_name, display_financial_status, currency_code, presentment_currency_code,
    taxes_included, total_price, subtotal_price, total_refunded, journey_ready,
    journey_moments_count, _content_hash, _captured_at, _load_id, _loaded_at
)
select
    'shopify', order_id, order_name, created_at, created_at, created_at, false, true, 'web', 'PAID',
    'USD', 'USD', false, 100, 100, 0, true, 3, '', now(), load_id, now()
from written;
insert into raw.shopify__order_sales (
    connection_id, order_id, sale_id, agreement_id, happened_at, reason, action_type, line_type,
    quantity, total_amount, total_tax, total_discount_before_taxes, _load_id, _loaded_at
)
select
    'shopify', order_id, 'sale', 'agreement', created_at, 'ORDER', 'ORDER', 'PRODUCT', 1, 100, 0, 0,
    load_id, now()
from written;
insert into raw.shopify__order_moments (
    connection_id, order_id, visit_id, occurred_at, source, utm_source, utm_medium, utm_campaign,
    utm_content, _load_id, _loaded_at
)
select
    'shopify', order_id, 'visit ' || visit, created_at - visit * interval '3 days', 'instagram',
    'instagram', 'influencer', 'spring',
    'creator_' || (cast(right(order_id, 3) as integer) + visit) % 22, load_id, now()
from written
cross join generate_series(1, 3) as visit;
analyze
