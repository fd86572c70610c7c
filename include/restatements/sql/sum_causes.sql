-- The changes of a day by cause, beside its old and its new value.
with causes as (
    select
        campaign_id, creator_id, attribution_model, metric_date, cause,
        count(distinct (connection_id, order_id)) as order_count,
        sum(new_order_count - old_order_count) as order_count_difference,
        sum(new_net_revenue_amount - old_net_revenue_amount) as amount_difference
    from analysis.restated_orders
    where measure_run_id = %(run)s
    group by campaign_id, creator_id, attribution_model, metric_date, cause
),

changed_days as (
    select
        *,
        sum(order_count_difference) over of_day as day_order_difference,
        sum(amount_difference) over of_day as day_amount_difference
    from causes
    window of_day as (partition by campaign_id, creator_id, attribution_model, metric_date)
)

insert into analysis.restatements
select
    %(run)s, causes.campaign_id, causes.creator_id, causes.attribution_model, causes.metric_date,
    causes.cause, causes.order_count,
    days.credited_order_count - causes.day_order_difference, days.credited_order_count,
    causes.order_count_difference,
    days.net_revenue_amount - causes.day_amount_difference, days.net_revenue_amount,
    causes.amount_difference
from changed_days as causes
inner join analysis.credited_days as days
    using (campaign_id, creator_id, attribution_model, metric_date)
where days.measure_run_id = %(run)s
