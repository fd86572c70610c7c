-- How the newest published run counted them.
create temporary table old_states on commit drop as
select distinct on (stored.connection_id, stored.order_id) stored.*
from changed
inner join analysis.order_states as stored
    on changed.connection_id = stored.connection_id and changed.order_id = stored.order_id
order by stored.connection_id, stored.order_id, stored.measure_run_id desc
