-- A state is needed until a published run holds a newer one: this run may still fail.
delete from analysis.order_states as old
using changed
where
    old.connection_id = changed.connection_id and old.order_id = changed.order_id
    and exists (
        select from analysis.order_states as newer
        where
            newer.connection_id = old.connection_id and newer.order_id = old.order_id
            and newer.measure_run_id > old.measure_run_id
            and newer.measure_run_id <= %(previous_run)s
    )
