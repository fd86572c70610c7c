with

restatements as (

    select * from {{ source('analysis', 'restatements') }}

),

runs as (

    select * from {{ source('analysis', 'restated_runs') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

final as (

    select
        restatements.measure_run_id,
        runs.previous_run_id as previous_measure_run_id,
        runs.last_day as measured_date,
        runs.previous_last_day as previous_measured_date,
        restatements.campaign_id,
        restatements.creator_id,
        restatements.attribution_model,
        restatements.metric_date,
        restatements.cause,
        restatements.metric_date <= runs.previous_last_day as is_restated,
        campaigns.currency_code,
        restatements.order_count as affected_order_count,
        {{ share_count('restatements.old_order_count') }} as old_credited_order_count,
        {{ share_count('restatements.new_order_count') }} as new_credited_order_count,
        {{ share_count('restatements.order_count_difference') }}
            as credited_order_difference_count,
        {{ amount('restatements.old_net_revenue_amount') }} as old_net_revenue_amount,
        {{ amount('restatements.new_net_revenue_amount') }} as new_net_revenue_amount,
        {{ amount('restatements.net_revenue_difference_amount') }}
            as net_revenue_difference_amount,
        runs.as_of_date
    from restatements
    inner join runs on restatements.measure_run_id = runs.measure_run_id
    left join campaigns on restatements.campaign_id = campaigns.campaign_id

)

select * from final
