-- What each order changes in a creator's day. The cause is the first that fits: the order itself, then
-- its money on that date, then its path, then how a path is weighed.
with differing as (
    select connection_id, order_id
    from new_states
    full outer join old_states using (connection_id, order_id)
    where
        new_states.credit is distinct from old_states.credit
        or new_states.last_entry_date > %(previous_last_day)s
        or old_states.last_entry_date > %(previous_last_day)s
),

new_models as (
    select unnest(attribution_models) as attribution_model
    from analysis.restated_runs where measure_run_id = %(run)s
),

old_models as (
    select unnest(attribution_models) as attribution_model
    from analysis.restated_runs where measure_run_id = %(previous_run)s
),

new_cells as (
    select
        states.connection_id, states.order_id, (parts.part ->> 0)::date as metric_date,
        parts.part ->> 1 as campaign_id, parts.part ->> 2 as creator_id,
        names.attribution_model,
        (models.value ->> 0)::numeric as order_count, (models.value ->> 1)::numeric as amount
    from new_states as states
    inner join differing using (connection_id, order_id)
    cross join lateral jsonb_array_elements(states.credit) as parts (part)
    cross join lateral jsonb_each(parts.part -> 3) as models
    inner join new_models as names on models.key in ('*', names.attribution_model)
    where (parts.part ->> 0)::date <= %(last_day)s
),

old_cells as (
    select
        states.connection_id, states.order_id, (parts.part ->> 0)::date as metric_date,
        parts.part ->> 1 as campaign_id, parts.part ->> 2 as creator_id,
        names.attribution_model,
        (models.value ->> 0)::numeric as order_count, (models.value ->> 1)::numeric as amount
    from old_states as states
    inner join differing using (connection_id, order_id)
    cross join lateral jsonb_array_elements(states.credit) as parts (part)
    cross join lateral jsonb_each(parts.part -> 3) as models
    inner join old_models as names on models.key in ('*', names.attribution_model)
    where (parts.part ->> 0)::date <= %(previous_last_day)s
),

solved as (
    select days.connection_id, days.order_date, solves.solve_reason
    from intermediate.int_chain_days as days
    inner join analysis.markov_solves as solves on days.solve_id = solves.solve_id
    where solves.measure_run_id > %(previous_run)s
),

changes as (
    select
        connection_id, order_id, campaign_id, creator_id, attribution_model, metric_date,
        coalesce(old_cells.order_count, 0) as old_order_count,
        coalesce(new_cells.order_count, 0) as new_order_count,
        coalesce(old_cells.amount, 0) as old_amount,
        coalesce(new_cells.amount, 0) as new_amount
    from old_cells
    full outer join new_cells using (
        connection_id, order_id, campaign_id, creator_id, attribution_model, metric_date
    )
    where (old_cells.order_count, old_cells.amount)
        is distinct from (new_cells.order_count, new_cells.amount)
),

entries as (
    select
        changes.*,
        metric_date > %(previous_last_day)s as is_new_day,
        case
            when metric_date <= %(previous_last_day)s
                then (old_states.entries ->> metric_date::text)::numeric
        end as old_entry,
        (new_states.entries ->> metric_date::text)::numeric as new_entry,
        old_states.order_id is null as is_new_order,
        old_states.order_class as old_class,
        new_states.order_class as new_class,
        new_states.was_cancelled,
        new_states.order_date,
        old_states.path_key <> new_states.path_key as has_other_path,
        old_states.customer_id is distinct from new_states.customer_id as has_other_customer
    from changes
    left join old_states using (connection_id, order_id)
    left join new_states using (connection_id, order_id)
)

insert into analysis.restated_orders
select
    %(run)s, entries.connection_id, entries.order_id, campaign_id, creator_id, attribution_model,
    metric_date,
    case
        when is_new_order and is_new_day then 'new_day'
        when is_new_order then 'late_order'
        when new_class = 'gone' then 'deleted_order'
        when old_class <> new_class and new_class = 'cancelled' and was_cancelled
            then 'cancellation'
        when old_class <> new_class and new_class = 'cancelled' then 'refund'
        when old_class <> new_class then 'order_class'
        when is_new_day and metric_date = entries.order_date then 'new_day'
        when coalesce(new_entry, 0) < coalesce(old_entry, 0) then 'refund'
        when coalesce(new_entry, 0) > coalesce(old_entry, 0) then 'order_edit'
        when has_other_path and has_other_settings then 'rule_change'
        when has_other_path and has_other_customer and has_erasure then 'erasure'
        when has_other_path and has_other_customer then 'identity_merge'
        when has_other_path and has_other_plan then 'plan_change'
        when has_other_path then 'late_touch'
        when attribution_model = 'markov_path' and solve_reason is not null
            then case when solve_reason = 'model_refit' then 'model_refit' else 'open_week' end
        when has_other_settings then 'rule_change'
        when has_other_plan then 'plan_change'
        else 'recomputed'
    end as cause,
    old_order_count, new_order_count, old_amount, new_amount
from entries
cross join changed_inputs
left join solved
    on entries.connection_id = solved.connection_id and entries.order_date = solved.order_date
