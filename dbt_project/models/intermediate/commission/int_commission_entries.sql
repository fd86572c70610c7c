-- One row per creator, order and ledger date that earns commission or takes it back: what the
-- contract's own model credits under the contract's own rule version, times the rate of the term
-- that held on the order's day. Looking at another model or version changes none of it.
-- A return is booked on its own date. A sale that came back whole keeps both its rows: commission
-- that was paid for it is clawed back, not forgotten. Cancelled orders whose ledger was not
-- reversed earn nothing. Rounded so that the entries of a day add up to the day's commission.
with

credited as (

    select * from {{ ref('int_commission_credits') }}

),

owed as (

    select
        *,
        sum(credited_net_amount) over (
            partition by campaign_id, creator_id, connection_id, order_id
        ) as order_net_amount,
        sum(credited_net_amount) over (
            partition by campaign_id, creator_id, term_number, event_date, order_class
            order by connection_id, order_id
        ) as running_net_amount
    from credited

),

final as (

    select
        campaign_id,
        creator_id,
        contract_id,
        term_number,
        connection_id,
        order_id,
        order_date,
        event_date,
        event_date > order_date as is_restatement,
        commission_model,
        rule_version,
        is_assumed,
        commission_rate,
        {{ days_after('order_date', 'commission_hold_days') }} as release_date,
        credited_order_count,
        credited_net_amount,
        round(running_net_amount * commission_rate, 2)
        - round((running_net_amount - credited_net_amount) * commission_rate, 2)
            as commission_amount,
        currency_code
    from owed
    where
        order_class = 'kept'
        -- A cancelled order counts where its ledger gave the money back, and then adds up to 0.
        or order_net_amount = 0

)

select * from final
where credited_net_amount <> 0 or credited_order_count <> 0
