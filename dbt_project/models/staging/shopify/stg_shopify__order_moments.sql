-- One select and no CTE, unlike its siblings: Postgres looks a day's orders up by index only in a
-- view that it can merge into the query, and visits are the longest table a day is looked up in.
select
    connection_id,
    order_id,
    visit_id,
    occurred_at,
    landing_page as landing_page_url,
    {{ url_path('landing_page') }} as landing_path,
    referrer_url,
    lower(trim(source)) as referrer_source,
    upper(trim(source_type)) as referrer_type,
    {{ utm_key('utm_source') }} as utm_source_key,
    {{ utm_key('utm_medium') }} as utm_medium_key,
    {{ utm_key('utm_campaign') }} as utm_campaign_key,
    {{ utm_key('utm_content') }} as utm_content_key,
    utm_campaign,
    utm_content,
    _load_id as load_id
from {{ source('shopify', 'order_moments') }}
