-- Once a run has compared itself with the publication before, what it remembers of each creator's
-- day is what the credits say; and the causes of a changed day sum to its change. A difference
-- warns: an explanation that does not add up is no reason to hold back the figures themselves.
{{ config(severity='warn') }}
{{ join_whole_tables_of_test() }}

with

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

compared as (

    select runs.last_day
    from {{ source('analysis', 'restated_runs') }} as runs
    inner join {{ ref('int_measure_run_facts') }} as facts
        on runs.measure_run_id = facts.measure_run_id

),

numbered as (

    select
        *,
        row_number() over (
            partition by campaign_id, creator_id, attribution_model, metric_date
            order by measure_run_id desc
        ) as newness
    from {{ source('analysis', 'credited_days') }}

),

remembered as (

    select * from numbered
    where newness = 1

),

credited as (

    select
        credits.campaign_id,
        credits.creator_id,
        credits.attribution_model,
        credits.event_date as metric_date,
        sum(credits.credit_share * credits.conversion_count) as credited_order_count,
        sum(credits.credit_amount) as net_revenue_amount
    from {{ ref('int_credits_unpivoted') }} as credits
    inner join campaigns
        on
            credits.campaign_id = campaigns.campaign_id
            and credits.rule_version = campaigns.default_rule_version
    cross join compared
    where
        credits.order_class = 'kept'
        and credits.creator_id is not null
        and credits.event_date <= compared.last_day
    group by
        credits.campaign_id, credits.creator_id, credits.attribution_model, credits.event_date

    union all

    -- `markov` has weeks, dated by their Sunday.
    select
        campaign_id,
        creator_id,
        'markov' as attribution_model,
        {{ days_after('week_start_date', '6') }} as metric_date,
        sum(credited_order_count) as credited_order_count,
        sum(net_revenue_amount) as net_revenue_amount
    from {{ ref('int_windows_credited') }}
    where campaign_id is not null and creator_id is not null
    group by campaign_id, creator_id, week_start_date

)

select
    coalesce(credited.campaign_id, remembered.campaign_id) as campaign_id,
    coalesce(credited.creator_id, remembered.creator_id) as creator_id,
    coalesce(credited.attribution_model, remembered.attribution_model) as attribution_model,
    coalesce(credited.metric_date, remembered.metric_date) as metric_date
from credited
full outer join remembered
    on
        credited.campaign_id = remembered.campaign_id
        and credited.creator_id = remembered.creator_id
        and credited.attribution_model = remembered.attribution_model
        and credited.metric_date = remembered.metric_date
where
    exists (select 1 from compared)
    and (
        coalesce(credited.net_revenue_amount, 0) <> coalesce(remembered.net_revenue_amount, 0)
        or abs(
            coalesce(credited.credited_order_count, 0)
            - coalesce(remembered.credited_order_count, 0)
        )
        > 0.000001
    )

union all

select
    campaign_id,
    creator_id,
    attribution_model,
    metric_date
from {{ ref('mart_restatements') }}
group by measure_run_id, campaign_id, creator_id, attribution_model, metric_date
having
    sum(net_revenue_difference_amount)
    <> max(new_net_revenue_amount) - max(old_net_revenue_amount)
