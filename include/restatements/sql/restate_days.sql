-- A creator's day now: what it was, and what the orders changed.
insert into analysis.credited_days
select
    changes.campaign_id, changes.creator_id, changes.attribution_model, changes.metric_date,
    %(run)s,
    coalesce(stored.credited_order_count, 0) + changes.order_count,
    coalesce(stored.net_revenue_amount, 0) + changes.amount
from (
    select
        campaign_id, creator_id, attribution_model, metric_date,
        sum(new_order_count - old_order_count) as order_count,
        sum(new_net_revenue_amount - old_net_revenue_amount) as amount
    from analysis.restated_orders
    where measure_run_id = %(run)s
    group by campaign_id, creator_id, attribution_model, metric_date
) as changes
left join lateral (
    select days.credited_order_count, days.net_revenue_amount
    from analysis.credited_days as days
    where
        days.campaign_id = changes.campaign_id and days.creator_id = changes.creator_id
        and days.attribution_model = changes.attribution_model
        and days.metric_date = changes.metric_date
    order by days.measure_run_id desc
    limit 1
) as stored on true
