-- The delivered parts of a fee never exceed the contracted fee.
select
    campaign_id,
    creator_id
from {{ ref('fct_creator_cost') }}
where cost_type = 'fee'
group by campaign_id, creator_id
having
    sum(case when cost_basis = 'delivered' then cost_amount else 0 end)
    > sum(case when cost_basis = 'committed' then cost_amount else 0 end)
