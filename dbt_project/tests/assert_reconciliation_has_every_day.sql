-- Every day on which credits moved is tied out, once per model, from the first day the orders were read.
select
    credits.connection_id,
    credits.event_date
from {{ ref('fct_attribution_credit') }} as credits
cross join {{ ref('int_measure_run_facts') }} as facts
left join {{ ref('mart_attribution_reconciliation') }} as tied
    on
        credits.connection_id = tied.connection_id
        and credits.event_date = tied.order_date
where
    credits.order_class <> 'test'
    and credits.event_date <= facts.last_day
    and credits.event_date >= (select min(order_date) from {{ ref('mart_attribution_reconciliation') }})
group by credits.connection_id, credits.event_date
having
    count(distinct tied.attribution_model) <> {{ var('attribution_models') | length }}
