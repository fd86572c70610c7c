-- Where each goal stands and will end. A goal is ahead when its whole interval reaches the target,
-- behind when none of it does, on track when the middle does, undecided otherwise.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

goals as (

    select * from {{ ref('stg_campaign_plan__goals') }}

),

projections as (

    select projections.*
    from {{ source('analysis', 'goal_projections') }} as projections
    inner join campaigns
        on
            projections.campaign_id = campaigns.campaign_id
            and projections.attribution_model = campaigns.default_attribution_model
            and projections.rule_version = campaigns.default_rule_version

),

-- Days that count and of which nothing is known. A day without a follower count is none: the next
-- one brings what it missed.
unread_days as (

    select
        projections.campaign_id,
        projections.goal_id,
        count(*) as unread_day_count
    from projections
    inner join goals
        on
            projections.campaign_id = goals.campaign_id
            and projections.goal_id = goals.goal_id
            and goals.metric <> 'follower_growth'
    inner join {{ ref('int_goal_days') }} as goal_days
        on
            projections.campaign_id = goal_days.campaign_id
            and projections.goal_id = goal_days.goal_id
            and projections.final_date >= goal_days.metric_date
    where goal_days.goal_value is null
    group by projections.campaign_id, projections.goal_id

),

final as (

    select
        goals.campaign_id,
        goals.goal_id,
        campaigns.campaign_name,
        goals.metric,
        goals.unit,
        goals.scope as goal_scope,
        case goals.metric
            when 'units_sold' then 'sales_ledger'
            when 'link_clicks' then 'session_proxy'
            when 'follower_growth' then 'follower_snapshots'
        end as value_source,
        campaigns.default_attribution_model as attribution_model,
        campaigns.default_rule_version as rule_version,
        goals.baseline_date,
        campaigns.start_date,
        campaigns.end_date,
        projections.final_date,
        coalesce(projections.final_day_count, 0) as final_day_count,
        {{ whole_count('coalesce(unread_days.unread_day_count, 0)') }} as unread_day_count,
        {{ share_count('goals.target_value') }} as target_value,
        {{ share_count('projections.actual_value') }} as actual_value,
        {{ ratio('projections.actual_value', 'goals.target_value') }} as reached_rate,
        {{ share_count('projections.target_to_date_value') }} as target_to_date_value,
        {{ share_count('projections.projected_end_low') }} as projected_end_low,
        {{ share_count('projections.projected_end_value') }} as projected_end_value,
        {{ share_count('projections.projected_end_high') }} as projected_end_high,
        case
            when projections.projected_end_value is null then 'undecided'
            when projections.projected_end_low >= goals.target_value then 'ahead'
            when projections.projected_end_high < goals.target_value then 'behind'
            when projections.projected_end_value >= goals.target_value then 'on_track'
            else 'undecided'
        end as pacing_status,
        coalesce(projections.live_piece_count, 0) as live_piece_count,
        coalesce(projections.planned_piece_count, 0) as planned_piece_count,
        cast(projections.mean_delay_days as numeric(9, 2)) as mean_delay_days,
        case
            when projections.goal_id is null then 'not projected yet'
            else projections.unavailable_reason
        end as unavailable_reason,
        projections.goal_inconsistency,
        projections.solve_id,
        coalesce(projections.final_date >= campaigns.end_date, false) as is_final,
        facts.sources_present,
        facts.as_of_date
    from goals
    inner join campaigns on goals.campaign_id = campaigns.campaign_id
    cross join facts
    left join projections
        on
            goals.campaign_id = projections.campaign_id
            and goals.goal_id = projections.goal_id
    left join unread_days
        on
            goals.campaign_id = unread_days.campaign_id
            and goals.goal_id = unread_days.goal_id

)

select * from final
