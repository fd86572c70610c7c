-- What each day brought towards a goal, in the goal's unit, from the first day it counts. Followers
-- grow from the first snapshot within a week of the baseline day; an account without one is left
-- out. `other_value` is the part that came without a creator's credit, `squared_value` the sum of
-- squares of what was counted at once: an order of five units tells less than five orders.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

goals as (

    select
        goals.campaign_id,
        goals.goal_id,
        goals.metric,
        goals.scope,
        campaigns.start_date,
        campaigns.end_date,
        goals.baseline_date,
        case
            when goals.metric = 'follower_growth'
                then {{ days_after('goals.baseline_date', 1) }}
            else campaigns.start_date
        end as first_date
    from {{ ref('stg_campaign_plan__goals') }} as goals
    inner join {{ ref('dim_campaign') }} as campaigns
        on goals.campaign_id = campaigns.campaign_id

),

days as (

    select
        goals.*,
        cast(calendar.day as date) as metric_date
    from goals
    cross join facts
    cross join
        lateral generate_series(
            goals.first_date, least(goals.end_date, facts.last_day), interval '1 day'
        ) as calendar (day)

),

units as (

    select
        campaign_id,
        order_date as metric_date,
        sum(unit_count) as unit_count,
        sum(squared_count) as squared_count,
        sum(credited_count) as credited_count,
        sum(squared_credited_count) as squared_credited_count
    from {{ ref('int_units_summed') }}
    group by campaign_id, order_date

),

-- Links of creators, and any other link that carries the campaign's name.
clicks as (

    select
        campaigns.campaign_id,
        sessions.session_date as metric_date,
        sum(sessions.session_count) as click_count,
        sum(
            case
                when sessions.campaign_id = campaigns.campaign_id then sessions.session_count
                else 0
            end
        ) as credited_count
    from {{ ref('stg_campaign_plan__campaigns') }} as campaigns
    inner join {{ ref('fct_web_session_daily') }} as sessions
        on
            campaigns.campaign_id = sessions.campaign_id
            or (
                sessions.campaign_id is null
                and campaigns.utm_campaign_key = {{ utm_key('sessions.session_campaign') }}
            )
    group by campaigns.campaign_id, sessions.session_date

),

-- On a day GA4 was not read nobody knows of clicks; on any other, none seen is none.
read_days as (

    select distinct session_date as metric_date
    from {{ ref('stg_ga4__session_totals') }}

),

snapshots as (

    select
        platform,
        handle,
        snapshot_date,
        max(followers_count) as followers_count
    from {{ ref('fct_account_daily') }}
    where is_brand and followers_count is not null
    group by platform, handle, snapshot_date

),

ranked_baselines as (

    select
        goals.campaign_id,
        goals.goal_id,
        goals.end_date,
        snapshots.platform,
        snapshots.handle,
        snapshots.snapshot_date,
        snapshots.followers_count,
        row_number() over (
            partition by goals.campaign_id, goals.goal_id, snapshots.platform, snapshots.handle
            order by snapshots.snapshot_date
        ) as recency
    from goals
    inner join {{ ref('stg_campaign_plan__brand_accounts') }} as brands
        on goals.campaign_id = brands.campaign_id
    inner join snapshots
        on
            brands.platform = snapshots.platform
            and brands.handle_key = snapshots.handle
            and goals.baseline_date <= snapshots.snapshot_date
            and {{ days_after('goals.baseline_date', 7) }} >= snapshots.snapshot_date
    where goals.metric = 'follower_growth'

),

baselines as (

    select
        *,
        sum(followers_count) over (partition by campaign_id, goal_id) as baseline_count
    from ranked_baselines
    where recency = 1

),

-- A day without a snapshot adds nothing; the next one brings what it missed.
followed as (

    select
        baselines.campaign_id,
        baselines.goal_id,
        baselines.baseline_count,
        snapshots.snapshot_date as metric_date,
        snapshots.followers_count
        - lag(snapshots.followers_count) over (
            partition by
                baselines.campaign_id, baselines.goal_id, snapshots.platform, snapshots.handle
            order by snapshots.snapshot_date
        ) as gained_count
    from baselines
    inner join snapshots
        on
            baselines.platform = snapshots.platform
            and baselines.handle = snapshots.handle
            and baselines.snapshot_date <= snapshots.snapshot_date

),

followers as (

    select
        campaign_id,
        goal_id,
        metric_date,
        max(baseline_count) as baseline_count,
        sum(gained_count) as gained_count,
        sum(abs(gained_count)) as moved_count
    from followed
    where gained_count is not null
    group by campaign_id, goal_id, metric_date

),

measured as (

    select
        days.campaign_id,
        days.goal_id,
        days.metric,
        days.scope,
        days.metric_date,
        cast(
            case days.metric
                when 'units_sold'
                    then
                        coalesce(
                            case days.scope
                                when 'credited' then units.credited_count
                                else units.unit_count
                            end, 0
                        )
                when 'link_clicks'
                    then
                        case
                            when read_days.metric_date is not null then coalesce(
                                case days.scope
                                    when 'credited' then clicks.credited_count
                                    else clicks.click_count
                                end, 0
                            )
                        end
                when 'follower_growth'
                    then cast(followers.gained_count as numeric) / followers.baseline_count
            end as numeric
        ) as goal_value,
        cast(
            case
                when days.scope = 'credited' or days.metric = 'follower_growth' then 0
                when days.metric = 'units_sold'
                    then coalesce(units.unit_count - units.credited_count, 0)
                else coalesce(clicks.click_count - clicks.credited_count, 0)
            end as numeric
        ) as other_value,
        cast(
            case days.metric
                when 'units_sold'
                    then
                        case days.scope
                            when 'credited' then units.squared_credited_count
                            else units.squared_count
                        end
                when 'link_clicks'
                    then
                        case days.scope
                            when 'credited' then clicks.credited_count
                            else clicks.click_count
                        end
                else
                    cast(followers.moved_count as numeric)
                    / followers.baseline_count / followers.baseline_count
            end as numeric
        ) as squared_value
    from days
    left join units
        on days.campaign_id = units.campaign_id and days.metric_date = units.metric_date
    left join clicks
        on days.campaign_id = clicks.campaign_id and days.metric_date = clicks.metric_date
    left join read_days on days.metric_date = read_days.metric_date
    left join followers
        on
            days.campaign_id = followers.campaign_id
            and days.goal_id = followers.goal_id
            and days.metric_date = followers.metric_date

),

final as (

    select
        measured.campaign_id,
        measured.goal_id,
        measured.metric_date,
        -- A rate of followers has its own square in here: more digits than money has.
        cast(measured.goal_value as numeric(28, 12)) as goal_value,
        cast(measured.other_value as numeric(28, 12)) as other_value,
        cast(coalesce(measured.squared_value, 0) as numeric(28, 12)) as squared_value,
        {{ days_after('measured.metric_date', var('restatement_days')) }} <= facts.as_of_date
            as is_final
    from measured
    cross join facts

)

select * from final
