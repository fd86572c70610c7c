-- Orders that were rebuilt, whose week was solved anew, or with entries on days that count since now.
create temporary table changed on commit drop as
select connection_id, order_id from core.fct_order where %(previous_run)s::bigint is null
union
select connection_id, order_id from analysis.rebuilt_orders where seen_by_run = %(run)s
union
select orders.connection_id, orders.order_id
from core.fct_order as orders
inner join intermediate.int_chain_days as days
    on orders.connection_id = days.connection_id and orders.order_date = days.order_date
inner join analysis.markov_solves as solves on days.solve_id = solves.solve_id
where solves.measure_run_id > %(previous_run)s and exists (
    select from core.fct_attribution_credit as credits
    where
        credits.connection_id = orders.connection_id and credits.order_id = orders.order_id
        and credits.touch_count > 1
)
union
select connection_id, order_id from analysis.order_states
where last_entry_date > %(previous_last_day)s
