-- `markov` shares whole weeks, not orders: what a creator has of each, dated by the week's Sunday.
create temporary table new_windows on commit drop as
select
    campaign_id, creator_id, week_start_date + 6 as metric_date,
    round(sum(credited_order_count), 9) as order_count, sum(net_revenue_amount) as amount
from intermediate.int_windows_credited
where campaign_id is not null and creator_id is not null
group by campaign_id, creator_id, week_start_date
having sum(net_revenue_amount) <> 0 or round(sum(credited_order_count), 9) <> 0
