-- What changed in a creator's week under `markov`, with one cause: a refit that was asked for, else
-- that the week is not over yet, else its new solve, else what moved most of its orders' money. The
-- model carries the name that mart_attribution_comparison gives it.
with stored as (
    select distinct on (campaign_id, creator_id, metric_date)
        campaign_id, creator_id, metric_date,
        credited_order_count as order_count, net_revenue_amount as amount
    from analysis.credited_days
    where attribution_model = 'markov' and measure_run_id <> %(run)s
    order by campaign_id, creator_id, metric_date, measure_run_id desc
),

changes as (
    select
        campaign_id, creator_id, metric_date,
        coalesce(stored.order_count, 0) as old_order_count,
        coalesce(new_windows.order_count, 0) as new_order_count,
        coalesce(stored.amount, 0) as old_amount,
        coalesce(new_windows.amount, 0) as new_amount
    from stored
    full outer join new_windows using (campaign_id, creator_id, metric_date)
    where (coalesce(stored.order_count, 0), coalesce(stored.amount, 0))
        <> (coalesce(new_windows.order_count, 0), coalesce(new_windows.amount, 0))
),

remembered as (
    insert into analysis.credited_days
    select campaign_id, creator_id, 'markov', metric_date, %(run)s, new_order_count, new_amount
    from changes
),

chains as (
    select
        shops.campaign_id,
        days.week_start_date + 6 as metric_date,
        days.attribution_model <> 'markov' as is_converting_only,
        solves.measure_run_id > %(previous_run)s as is_new,
        solves.measure_run_id > %(previous_run)s and solves.solve_reason = 'model_refit' as is_refit
    from intermediate.int_chain_days as days
    inner join analysis.markov_solves as solves on days.solve_id = solves.solve_id
    inner join staging.stg_campaign_plan__campaign_shops as shops
        on
            days.connection_id = shops.shop_connection_id
            and days.order_date between shops.start_date and shops.end_date + shops.lookback_days::int
),

weeks as (
    select campaign_id, metric_date, bool_or(is_new) as is_new, bool_or(is_refit) as is_refit
    from chains
    group by campaign_id, metric_date
),

names as (
    select
        campaigns.campaign_id,
        case
            when bool_and(not chains.is_converting_only) then 'markov'
            else 'markov_converting_only'
        end as attribution_model
    from core.dim_campaign as campaigns
    left join chains on campaigns.campaign_id = chains.campaign_id
    group by campaigns.campaign_id
),

-- Orders that stand or stood in some path. A deleted one has no row: its sale is its oldest entry.
orders as (
    select
        connection_id,
        order_id,
        coalesce(
            new_states.order_date,
            (
                select min(dates.entry_date::date)
                from jsonb_object_keys(old_states.entries) as dates (entry_date)
            )
        ) as order_date,
        old_states.order_id is null as is_new_order,
        old_states.order_class as old_class,
        new_states.order_class as new_class,
        new_states.was_cancelled,
        old_states.path_key as old_path,
        new_states.path_key as new_path,
        old_states.path_key <> new_states.path_key as has_other_path,
        old_states.customer_id is distinct from new_states.customer_id as has_other_customer,
        (
            select coalesce(sum(entry.value::numeric), 0)
            from jsonb_each_text(old_states.entries) as entry
            where entry.key::date <= %(previous_last_day)s
        ) as old_amount,
        (
            select coalesce(sum(entry.value::numeric), 0)
            from jsonb_each_text(new_states.entries) as entry
            where entry.key::date <= %(last_day)s
        ) as new_amount
    from new_states
    full outer join old_states using (connection_id, order_id)
    where
        'kept' in (old_states.order_class, new_states.order_class)
        and (old_states.path_key <> '' or new_states.path_key <> '')
),

moved as (
    select
        connection_id,
        order_date + (7 - extract(isodow from order_date)::int) as metric_date,
        abs(
            case when new_class = 'kept' and new_path <> '' then new_amount else 0 end
            - case when old_class = 'kept' and old_path <> '' then old_amount else 0 end
        ) as amount,
        case
            when is_new_order then 'late_order'
            when new_class = 'gone' then 'deleted_order'
            when old_class <> new_class and new_class = 'cancelled' and was_cancelled
                then 'cancellation'
            when old_class <> new_class and new_class = 'cancelled' then 'refund'
            when old_class <> new_class then 'order_class'
            when new_amount < old_amount then 'refund'
            when new_amount > old_amount then 'order_edit'
            when has_other_path and has_other_settings then 'rule_change'
            when has_other_path and has_other_customer and has_erasure then 'erasure'
            when has_other_path and has_other_customer then 'identity_merge'
            when has_other_path and has_other_plan then 'plan_change'
            when has_other_path then 'late_touch'
        end as cause
    from orders
    cross join changed_inputs
),

causes as (
    select
        shops.campaign_id,
        moved.metric_date,
        moved.cause,
        sum(count(*)) over of_week as order_count,
        row_number() over (of_week order by sum(moved.amount) desc, moved.cause) as place
    from moved
    inner join staging.stg_campaign_plan__campaign_shops as shops
        on moved.connection_id = shops.shop_connection_id
    where moved.cause is not null
    group by shops.campaign_id, moved.metric_date, moved.cause
    window of_week as (partition by shops.campaign_id, moved.metric_date)
)

insert into analysis.restatements
select
    %(run)s, changes.campaign_id, changes.creator_id,
    coalesce(names.attribution_model, 'markov_converting_only'), changes.metric_date,
    case
        when weeks.is_refit then 'model_refit'
        when changes.metric_date > %(previous_last_day)s then 'new_day'
        when weeks.is_new then 'open_week'
        when causes.cause is not null then causes.cause
        when changed_inputs.has_other_settings then 'rule_change'
        when changed_inputs.has_other_plan then 'plan_change'
        else 'recomputed'
    end,
    coalesce(causes.order_count, 0),
    changes.old_order_count, changes.new_order_count,
    changes.new_order_count - changes.old_order_count,
    changes.old_amount, changes.new_amount, changes.new_amount - changes.old_amount
from changes
cross join changed_inputs
left join names on changes.campaign_id = names.campaign_id
left join weeks
    on changes.campaign_id = weeks.campaign_id and changes.metric_date = weeks.metric_date
left join causes
    on
        changes.campaign_id = causes.campaign_id and changes.metric_date = causes.metric_date
        and causes.place = 1
