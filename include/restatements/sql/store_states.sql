insert into analysis.order_states
select
    %(run)s, new_states.connection_id, new_states.order_id, new_states.order_class,
    new_states.customer_id, new_states.path_key, new_states.last_entry_date, new_states.entries,
    new_states.credit
from new_states
left join old_states using (connection_id, order_id)
where
    (
        old_states.order_class, old_states.customer_id, old_states.path_key, old_states.entries,
        old_states.credit
    )
    is distinct from (
        new_states.order_class, new_states.customer_id, new_states.path_key, new_states.entries,
        new_states.credit
    )
