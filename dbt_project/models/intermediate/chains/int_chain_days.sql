-- Which solve serves the orders of a shop's day. Every campaign of the shop counts the same paths
-- in its own chain; where several run on a day, the one that started first holds the most of them.
with

campaigns as (

    select
        campaign_id,
        shop_connection_id,
        start_date,
        {{ days_after('end_date', 'lookback_days') }} as last_date
    from {{ ref('stg_campaign_plan__campaign_shops') }}

),

numbered_solves as (

    select
        *,
        row_number() over (
            partition by campaign_id, week_start_date order by measure_run_id desc
        ) as newness
    from {{ source('analysis', 'markov_solves') }}

),

week_days as (

    {% for number in range(7) -%}
    select {{ number }} as day_number
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

solve_days as (

    select
        solves.solve_id,
        solves.campaign_id,
        solves.week_start_date,
        solves.attribution_model,
        {{ days_after('solves.week_start_date', 'week_days.day_number') }} as order_date
    from numbered_solves as solves
    cross join week_days
    where solves.newness = 1

),

ranked as (

    select
        campaigns.shop_connection_id as connection_id,
        solve_days.order_date,
        solve_days.solve_id,
        solve_days.campaign_id,
        solve_days.week_start_date,
        solve_days.attribution_model,
        row_number() over (
            partition by campaigns.shop_connection_id, solve_days.order_date
            order by campaigns.start_date, campaigns.campaign_id
        ) as campaign_place
    from solve_days
    inner join campaigns
        on
            solve_days.campaign_id = campaigns.campaign_id
            and solve_days.order_date >= campaigns.start_date
            and solve_days.order_date <= campaigns.last_date

),

final as (

    select
        connection_id,
        order_date,
        solve_id,
        campaign_id,
        week_start_date,
        attribution_model
    from ranked
    where campaign_place = 1

)

select * from final
