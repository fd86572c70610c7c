"""The days a lift is estimated from: shop and site, beside channels the campaign does not pay."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg

MEASURES = ("net_sales", "orders", "sessions")
# Channels the brand pays for itself. Organic and direct visits are where a halo would show.
CONTROL_MEDIUMS = ("affiliate", "cpc", "display", "email", "paid_social")


@dataclass(frozen=True, slots=True)
class CampaignDays:
    """A campaign's days in order; a figure is NaN on a day that was not read.

    first_day: index of the campaign's first day. measures: figures per measure; controls: sessions
    per medium.
    """

    campaign_id: str
    days: Sequence[dt.date]
    first_day: int
    measures: Mapping[str, Sequence[float]]
    controls: Mapping[str, Sequence[float]]
    is_event: Sequence[bool]


def read_days(connection: psycopg.Connection, last_day: dt.date) -> Iterator[CampaignDays]:
    """Yield every campaign that has begun, from the first day anything was read on."""
    controls: dict[str, dict[dt.date, float]] = defaultdict(dict)
    for medium, day, count in connection.execute(CONTROLS, [list(CONTROL_MEDIUMS)]):
        controls[medium][day] = float(count)
    rows = connection.execute(DAYS, {"last_day": last_day}).fetchall()
    by_campaign: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for campaign_id, *rest in rows:
        by_campaign[campaign_id].append(tuple(rest))
    for campaign_id, found in by_campaign.items():
        days, starts, *figures, events = zip(*found, strict=True)
        yield CampaignDays(
            campaign_id,
            days,
            sum(day < start for day, start in zip(days, starts, strict=True)),
            {
                measure: [math.nan if value is None else float(value) for value in column]
                for measure, column in zip(MEASURES, figures, strict=True)
            },
            {
                medium: [counts.get(day, 0.0) for day in days]
                for medium, counts in sorted(controls.items())
            },
            events,
        )


def read_splits(
    connection: psycopg.Connection, last_day: dt.date
) -> Iterator[tuple[str, str, tuple[int, int], list[tuple[float, float, bool]]]]:
    """Yield geo experiments with the sales of their regions before and while they ran."""
    splits: dict[tuple[str, str, int], list[tuple[float, float, bool]]] = defaultdict(list)
    for campaign_id, experiment_id, length, before, during, treated in connection.execute(
        SPLITS, {"last_day": last_day}
    ):
        splits[campaign_id, experiment_id, length].append((float(before), float(during), treated))
    for (campaign_id, experiment_id, length), regions in splits.items():
        yield campaign_id, experiment_id, (length, length), regions


CONTROLS = """
select lower(session_medium), session_date, sum(session_count)
from core.fct_web_session_daily
where creator_id is null and lower(session_medium) = any(%s)
group by 1, 2
"""
# A day counts for the shop when every shop of the campaign has reported it. Without a report
# orders are counted, from the first day that was read: of earlier ones only those that came back
# are known. A shop's orders are counted once, not once per campaign that sells in it, and on days
# that some shop has not reported alone: a list, which reaches the index.
DAYS = """
with campaigns as (
    select campaign_id, start_date, least(end_date, %(last_day)s) as last_date
    from core.dim_campaign where start_date <= %(last_day)s
),
shops as (
    select campaign_id, shop_connection_id as connection_id
    from staging.stg_campaign_plan__campaign_shops
),
shop_counts as (select campaign_id, count(*) as shop_count from shops group by campaign_id),
sales as (
    select shops.campaign_id, reported.report_date as day, sum(reported.net_sales_amount) as amount,
        sum(reported.order_count) as order_count
    from intermediate.int_reported_sales as reported
    join shops using (connection_id)
    join shop_counts using (campaign_id)
    group by shops.campaign_id, reported.report_date, shop_counts.shop_count
    having count(*) = shop_counts.shop_count
),
covered as (
    select shops.campaign_id, (max(first_window.first_at) at time zone max(zones.zone))::date as day
    from shops
    join (
        select connection_id, min(window_start) as first_at from quality.load_windows
        where stream = 'orders' and status = 'loaded' group by connection_id
    ) as first_window using (connection_id)
    join (
        select campaign_id, reporting_timezone as zone from core.dim_campaign
    ) as zones using (campaign_id)
    group by shops.campaign_id
),
reported_days as (
    select report_date as day
    from intermediate.int_reported_sales
    group by report_date
    having count(order_count) = (
        select count(*) from (
            select connection_id from shops union select connection_id from intermediate.int_shops
        ) as sellers
    )
),
unreported_days as (
    select calendar.day::date as day
    from (
        select min(order_date) as first_day, max(order_date) as last_day from core.fct_order
    ) as span
    cross join lateral generate_series(
        span.first_day::timestamp, span.last_day, interval '1 day'
    ) as calendar (day)
    where not exists (select from reported_days where reported_days.day = calendar.day::date)
),
shop_orders as materialized (
    select connection_id, order_date as day, count(*) as order_count
    from core.fct_order
    where order_class <> 'test' and order_date = any(array(select day from unreported_days))
    group by connection_id, order_date
),
orders as (
    select shops.campaign_id, shop_orders.day, sum(shop_orders.order_count) as order_count
    from shop_orders
    join shops using (connection_id)
    group by shops.campaign_id, shop_orders.day
),
sessions as (
    select session_date as day, sum(session_count) as session_count
    from staging.stg_ga4__session_totals group by session_date
),
first_days as (
    select campaigns.campaign_id, least(
        min(sales.day), min(covered.day), (select min(day) from sessions), campaigns.start_date
    ) as day
    from campaigns
    left join sales using (campaign_id)
    left join covered using (campaign_id)
    group by campaigns.campaign_id, campaigns.start_date
)
select campaigns.campaign_id, calendar.day::date, campaigns.start_date,
    sales.amount,
    coalesce(
        sales.order_count,
        case when calendar.day >= covered.day then coalesce(orders.order_count, 0) end
    ),
    sessions.session_count,
    exists (
        select from staging.stg_campaign_plan__events as events
        where events.campaign_id = campaigns.campaign_id
            and calendar.day >= events.valid_from_date
            and (events.valid_to_date is null or calendar.day <= events.valid_to_date)
    )
from campaigns
join first_days using (campaign_id)
cross join lateral generate_series(
    first_days.day::timestamp, campaigns.last_date::timestamp, interval '1 day'
) as calendar (day)
left join covered using (campaign_id)
left join sales on sales.campaign_id = campaigns.campaign_id and sales.day = calendar.day
left join orders on orders.campaign_id = campaigns.campaign_id and orders.day = calendar.day
left join sessions on sessions.day = calendar.day
order by campaigns.campaign_id, calendar.day
"""
# The time before is as long as the experiment. A region is a country or one of its provinces.
SPLITS = """
with arms as (
    select campaign_id, experiment_id, arm_role = 'treatment' as is_treated, region.name as region,
        valid_from_date as from_date, least(valid_to_date, %(last_day)s) as to_date
    from staging.stg_campaign_plan__experiment_arms
    cross join lateral jsonb_array_elements_text(regions) as region (name)
    where experiment_kind = 'geo' and valid_from_date <= %(last_day)s
),
places as (
    select orders.connection_id, orders.order_date, orders.net_revenue_amount,
        customers.country_code, customers.country_code || '-' || customers.province_code as province
    from core.fct_order as orders
    join staging.stg_shopify__orders as shop_orders using (connection_id, order_id)
    join staging.stg_shopify__customers as customers
        on customers.connection_id = shop_orders.connection_id
        and customers.customer_id = shop_orders.customer_id
    where orders.order_class <> 'test'
)
select arms.campaign_id, arms.experiment_id, arms.to_date - arms.from_date + 1,
    coalesce(sum(places.net_revenue_amount) filter (where order_date < from_date), 0),
    coalesce(sum(places.net_revenue_amount) filter (where order_date >= from_date), 0),
    arms.is_treated
from arms
join staging.stg_campaign_plan__campaign_shops as shops using (campaign_id)
left join places
    on places.connection_id = shops.shop_connection_id
    and arms.region in (places.country_code, places.province)
    and places.order_date between arms.from_date - (arms.to_date - arms.from_date + 1)
        and arms.to_date
group by arms.campaign_id, arms.experiment_id, arms.region, arms.is_treated, arms.from_date,
    arms.to_date
order by arms.campaign_id, arms.experiment_id, arms.region
"""
