-- A creator's days sum to their scorecard: no return, claw-back or boost falls outside the days.
-- What the shop booked after the run's last day is in the scorecard only.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

later as (

    select
        credits.campaign_id,
        credits.creator_id,
        sum(
            case
                when credits.order_date > facts.last_day
                    then credits.credit_share * credits.conversion_count
                else 0
            end
        ) as credited_order_count,
        sum(case when credits.event_date > facts.last_day then credits.credit_amount else 0 end)
            as net_revenue_amount
    from {{ ref('int_default_credits') }} as credits
    inner join facts on greatest(credits.order_date, credits.event_date) > facts.last_day
    where credits.order_class = 'kept'
    group by credits.campaign_id, credits.creator_id

),

days as (

    select
        *,
        row_number() over (partition by campaign_id, creator_id order by metric_date desc)
            as recency
    from {{ ref('mart_creator_campaign_daily') }}

)

select
    scorecard.campaign_id,
    scorecard.creator_id
from {{ ref('mart_creator_scorecard') }} as scorecard
left join days
    on
        scorecard.campaign_id = days.campaign_id
        and scorecard.creator_id = days.creator_id
        and days.recency = 1
left join later
    on
        scorecard.campaign_id = later.campaign_id
        and scorecard.creator_id = later.creator_id
where
    scorecard.cost_amount <> coalesce(days.delivered_cost_amount_to_date, 0)
    or scorecard.net_revenue_amount
    <> coalesce(days.net_revenue_amount_to_date, 0) + coalesce(later.net_revenue_amount, 0)
    or abs(
        scorecard.credited_order_count
        - coalesce(days.credited_order_count_to_date, 0)
        - coalesce(later.credited_order_count, 0)
    )
    > 0.000001
