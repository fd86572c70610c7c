-- How those orders are counted now. Most orders have one touch, and every model gives its creator the
-- same: `*` stands for all models. `is_listed`: few orders of all, which lists look up by index where
-- joins by hash read every row.
create temporary table new_states on commit drop as
with by_model as (
    select
        credits.connection_id, credits.order_id, credits.event_date, credits.campaign_id,
        credits.creator_id, credits.attribution_model,
        round(sum(credits.credit_share * credits.conversion_count), 9) as order_count,
        sum(credits.credit_amount) as amount
    from changed
    inner join intermediate.int_credits_unpivoted as credits
        on changed.connection_id = credits.connection_id and changed.order_id = credits.order_id
    inner join core.dim_campaign as campaigns
        on
            credits.campaign_id = campaigns.campaign_id
            and credits.rule_version = campaigns.default_rule_version
    where
        credits.order_class = 'kept' and credits.creator_id is not null
        -- Says the same as the join, but early: the view then splits the orders of no other day.
        and credits.order_date = any(array(
            select distinct orders.order_date
            from changed
            inner join core.fct_order as orders
                on
                    changed.connection_id = orders.connection_id
                    and changed.order_id = orders.order_id
            where
                not %(is_listed)s
                or (
                    orders.connection_id = any(array(select distinct changed.connection_id from changed))
                    and orders.order_id = any(array(select changed.order_id from changed))
                )
        ))
        and (
            not %(is_listed)s
            or (
                credits.connection_id = any(array(select distinct changed.connection_id from changed))
                and credits.order_id = any(array(select changed.order_id from changed))
            )
        )
    group by 1, 2, 3, 4, 5, 6
),

by_creator as (
    select
        connection_id, order_id, event_date, campaign_id, creator_id,
        case
            when
                count(*) = %(model_count)s
                and min(order_count) = max(order_count) and min(amount) = max(amount)
                then jsonb_build_object('*', jsonb_build_array(min(order_count), min(amount)))
            else jsonb_object_agg(attribution_model, jsonb_build_array(order_count, amount))
        end as models
    from by_model
    where order_count <> 0 or amount <> 0
    group by connection_id, order_id, event_date, campaign_id, creator_id
),

credited as (
    select
        connection_id, order_id,
        jsonb_agg(
            jsonb_build_array(event_date, campaign_id, creator_id, models)
            order by event_date, campaign_id, creator_id
        ) as credit
    from by_creator
    group by connection_id, order_id
),

entries as (
    select
        connection_id, order_id, max(event_date) as last_entry_date,
        jsonb_object_agg(event_date, entry_net_amount) as entries
    from (
        select distinct credits.connection_id, credits.order_id, event_date, entry_net_amount
        from core.fct_attribution_credit as credits
        inner join changed
            on credits.connection_id = changed.connection_id and credits.order_id = changed.order_id
        where
            not %(is_listed)s
            or (
                credits.connection_id = any(array(select distinct changed.connection_id from changed))
                and credits.order_id = any(array(select changed.order_id from changed))
            )
    ) as dated
    group by connection_id, order_id
),

paths as (
    select
        touches.connection_id, touches.order_id,
        md5(string_agg(
            concat_ws(' ', rule_version, touch_id, channel, campaign_id), E'\n'
            order by rule_version, touch_number
        )) as path_key
    from core.fct_touchpoint as touches
    inner join changed
        on touches.connection_id = changed.connection_id and touches.order_id = changed.order_id
    where
        touches.is_in_path
        and (
            not %(is_listed)s
            or (
                touches.connection_id = any(array(select distinct changed.connection_id from changed))
                and touches.order_id = any(array(select changed.order_id from changed))
            )
        )
    group by touches.connection_id, touches.order_id
)

select
    changed.connection_id,
    changed.order_id,
    coalesce(orders.order_class, 'gone') as order_class,
    orders.cancelled_at is not null as was_cancelled,
    orders.order_date,
    orders.customer_id,
    coalesce(paths.path_key, '') as path_key,
    entries.last_entry_date,
    coalesce(entries.entries, '{}') as entries,
    coalesce(credited.credit, '[]') as credit
from changed
left join (
    select * from core.fct_order as placed
    where
        not %(is_listed)s
        or (
            placed.connection_id = any(array(select distinct changed.connection_id from changed))
            and placed.order_id = any(array(select changed.order_id from changed))
        )
) as orders
    on changed.connection_id = orders.connection_id and changed.order_id = orders.order_id
left join entries
    on changed.connection_id = entries.connection_id and changed.order_id = entries.order_id
left join credited
    on changed.connection_id = credited.connection_id and changed.order_id = credited.order_id
left join paths
    on changed.connection_id = paths.connection_id and changed.order_id = paths.order_id
