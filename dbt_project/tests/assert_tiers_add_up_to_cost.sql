-- The tiers' delivered cost is the campaign's, to the cent; the hybrid arm repeats them.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

spent as (

    select
        costs.campaign_id,
        sum(costs.cost_amount) as cost_amount
    from {{ ref('fct_creator_cost') }} as costs
    inner join facts on costs.cost_date <= facts.last_day
    where costs.cost_basis = 'delivered'
    group by costs.campaign_id

),

arms as (

    select
        campaign_id,
        window_days,
        sum(delivered_cost_amount) as cost_amount
    from {{ ref('mart_tier_comparison') }}
    where arm <> 'hybrid'
    group by campaign_id, window_days

)

select
    arms.*,
    spent.cost_amount as spent_amount
from arms
left join spent on arms.campaign_id = spent.campaign_id
where arms.cost_amount is distinct from coalesce(spent.cost_amount, 0)
