-- `markov_path`, at the grain of the credits: each entry split over its own distinct channels in
-- proportion to their removal effect, a channel's part shared equally by its touches. An order none
-- of whose channels has one (newer than the solve, no chain that day) is split equally over its
-- channels, as Shapley does; unattributed stays so. The solves are read when the view is: nothing
-- is stored.
-- `shapley_share` is 1 over (distinct channels x touches of the channel), so removal effect times
-- it, divided by its sum over the entry, is the weight of a touch.
-- An order has one date: it stands in the windows so that readers who want some days split no
-- others.
with

effects as (

    select
        chain_days.connection_id,
        chain_days.order_date,
        chain_days.solve_id,
        found.channel,
        found.removal_effect
    from {{ ref('int_chain_days') }} as chain_days
    inner join {{ source('analysis', 'markov_removal_effects') }} as found
        on chain_days.solve_id = found.solve_id
    where found.removal_effect > 0

),

-- Most orders have one touch: whatever the removal effect, it takes the order.
alone as (

    select
        credits.*,
        cast(1 as numeric(20, 18)) as credit_share,
        credits.entry_net_amount as credit_amount
    from {{ ref('fct_attribution_credit') }} as credits
    where credits.touch_count = 1

),

effective as (

    select
        credits.*,
        coalesce(effects.removal_effect, 0) * credits.shapley_share as effect_weight
    from {{ ref('fct_attribution_credit') }} as credits
    left join effects
        on
            credits.connection_id = effects.connection_id
            and credits.order_date = effects.order_date
            and credits.channel = effects.channel
    where credits.touch_count > 1

),

summed as (

    select
        *,
        sum(effect_weight) over (
            partition by connection_id, order_id, order_date, rule_version, event_date, order_class
        ) as entry_weight
    from effective

),

weighted as (

    select
        *,
        case
            when entry_weight > 0 then effect_weight / entry_weight
            else cast(shapley_share as double precision)
        end as path_share
    from summed

),

-- Floor the absolute share in cents; a millionth of a cent decides what is whole and what a tie:
-- binary fractions carry an error far below it.
floored as (

    select
        *,
        floor(abs(entry_net_amount) * 100 * path_share + 0.000001) as whole_cents
    from weighted

),

remaining as (

    select
        *,
        floor(
            (abs(entry_net_amount) * 100 * path_share - whole_cents) * 1000000 + 0.5
        ) as fraction
    from floored

),

-- The missing cents go to the largest remainders, ties to the earlier touch.
placed as (

    select
        *,
        row_number() over of_entry as fraction_place,
        abs(entry_net_amount) * 100 - sum(whole_cents) over of_entry as cents_left
    from remaining
    window of_entry as (
        partition by connection_id, order_id, order_date, rule_version, event_date, order_class
        order by fraction desc, touch_number asc
        rows between unbounded preceding and unbounded following
    )

),

shared as (

    select
        *,
        cast(path_share as numeric(20, 18)) as credit_share,
        sign(entry_net_amount)
        * 0.01
        * (whole_cents + case when fraction_place <= cents_left then 1 else 0 end)
            as credit_amount
    from placed

),

final as (

    {% for branch in ['alone', 'shared'] -%}
    select
        connection_id,
        order_id,
        event_date,
        rule_version,
        touch_id,
        touch_number,
        channel_type,
        channel,
        campaign_id,
        creator_id,
        ordered_at,
        order_date,
        order_class,
        is_new_customer,
        customer_id,
        currency_code,
        conversion_count,
        entry_net_amount,
        credit_share,
        {{ amount('credit_amount') }} as credit_amount
    from {{ branch }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
