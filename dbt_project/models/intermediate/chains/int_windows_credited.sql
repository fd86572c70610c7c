-- `markov`, the report level: each solve's window shared by its channels' RE / sum RE, one row per
-- solve, week, channel and who is credited. The window is what the orders of the chain brought up
-- to the day the marts stand for, refunds included, under the reporting default rule version. A
-- channel that two campaigns use is shared between them as `markov_path` does. Orders that are in
-- no chain (a code alone, a day without a solve) keep the channels `markov_path` gives them: rows
-- without a solve. Both together are all attributed orders, to the cent.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

order_level as (

    select
        credits.solve_id,
        {{ week_start('credits.order_date') }} as week_start_date,
        credits.channel,
        credits.campaign_id,
        credits.creator_id,
        sum(credits.credited_order_count) as credited_order_count,
        sum(credits.credited_amount) as credited_amount
    from {{ ref('int_chained_credits_summed') }} as credits
    cross join facts
    where
        credits.channel_type <> 'unattributed'
        and credits.rule_version = '{{ var("attribution_rule_versions")[0] }}'
        and credits.event_date <= facts.last_day
    group by
        credits.solve_id,
        {{ week_start('credits.order_date') }},
        credits.channel,
        credits.campaign_id,
        credits.creator_id

),

effects as (

    select
        found.solve_id,
        found.channel,
        found.markov_share,
        solves.campaign_id
    from {{ source('analysis', 'markov_removal_effects') }} as found
    inner join {{ source('analysis', 'markov_solves') }} as solves
        on found.solve_id = solves.solve_id
    where found.markov_share > 0

),

creators as (

    select distinct
        campaign_id,
        creator_id
    from {{ ref('dim_creator') }}

),

windows as (

    select
        order_level.solve_id,
        order_level.week_start_date,
        sum(order_level.credited_order_count) as window_order_count,
        sum(order_level.credited_amount) as window_amount
    from order_level
    where
        exists (
            select 1
            from effects
            where order_level.solve_id = effects.solve_id
        )
    group by order_level.solve_id, order_level.week_start_date

),

-- Whoever holds the channel's orders; a channel that lost all of them since belongs to the solve's
-- own campaign.
holders as (

    select
        effects.solve_id,
        windows.week_start_date,
        effects.channel,
        coalesce(order_level.campaign_id, creators.campaign_id) as campaign_id,
        coalesce(order_level.creator_id, creators.creator_id) as creator_id,
        effects.markov_share
        * case
            when order_level.solve_id is null then 1
            else
                cast(order_level.credited_order_count as double precision)
                / sum(order_level.credited_order_count) over (
                    partition by effects.solve_id, effects.channel
                )
        end as window_share,
        windows.window_order_count,
        windows.window_amount
    from effects
    inner join windows on effects.solve_id = windows.solve_id
    left join order_level
        on
            effects.solve_id = order_level.solve_id
            and effects.channel = order_level.channel
            and order_level.credited_order_count > 0
    left join creators
        on
            effects.campaign_id = creators.campaign_id
            and effects.channel = creators.creator_id

),

floored as (

    select
        *,
        floor(abs(window_amount) * 100 * window_share + 0.000001) as whole_cents
    from holders

),

remaining as (

    select
        *,
        floor(
            (abs(window_amount) * 100 * window_share - whole_cents) * 1000000 + 0.5
        ) as fraction
    from floored

),

placed as (

    select
        *,
        row_number() over (
            partition by solve_id order by fraction desc, channel asc, campaign_id asc
        ) as fraction_place,
        abs(window_amount) * 100 - sum(whole_cents) over (partition by solve_id)
            as cents_left
    from remaining

),

final as (

    select
        solve_id,
        week_start_date,
        channel,
        campaign_id,
        creator_id,
        cast(window_share * window_order_count as numeric(24, 12)) as credited_order_count,
        {{ amount(
            'sign(window_amount) * 0.01
            * (whole_cents + case when fraction_place <= cents_left then 1 else 0 end)'
        ) }} as net_revenue_amount
    from placed

    union all

    select
        order_level.solve_id,
        order_level.week_start_date,
        order_level.channel,
        order_level.campaign_id,
        order_level.creator_id,
        cast(order_level.credited_order_count as numeric(24, 12)) as credited_order_count,
        {{ amount('order_level.credited_amount') }} as net_revenue_amount
    from order_level
    left join windows on order_level.solve_id = windows.solve_id
    where windows.solve_id is null

)

select * from final
