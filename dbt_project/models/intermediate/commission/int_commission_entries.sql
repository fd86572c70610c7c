-- One row per creator, order and ledger date that earns commission or takes it back: what the
-- contract's own model credits under the contract's own rule version, times the rate of the term
-- that held on the order's day. Looking at another model or version changes none of it.
-- A return is booked on its own date. A sale that came back whole keeps both its rows: commission
-- that was paid for it is clawed back, not forgotten. Cancelled orders whose ledger was not
-- reversed earn nothing. Rounded so that the entries of a day add up to the day's commission.
with

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

contracts as (

    select * from {{ ref('stg_campaign_plan__contracts') }}

),

terms as (

    select
        terms.campaign_id,
        terms.creator_id,
        terms.contract_id,
        terms.term_number,
        terms.valid_from_date,
        terms.valid_to_date,
        terms.commission_rate,
        coalesce(contracts.commission_model, campaigns.default_attribution_model)
            as commission_model,
        contracts.commission_hold_days,
        case
            when terms.rule_version in {{ quoted_list(var('attribution_rule_versions')) }}
                then terms.rule_version
            else campaigns.default_rule_version
        end as rule_version,
        terms.rule_version not in {{ quoted_list(var('attribution_rule_versions')) }} as is_assumed,
        campaigns.currency_code
    from {{ ref('dim_contract_term') }} as terms
    inner join campaigns on terms.campaign_id = campaigns.campaign_id
    inner join contracts
        on
            terms.campaign_id = contracts.campaign_id
            and terms.contract_id = contracts.contract_id
    where terms.commission_rate > 0

),

credited as (

    select
        terms.campaign_id,
        terms.creator_id,
        terms.contract_id,
        terms.term_number,
        terms.commission_rate,
        terms.commission_model,
        terms.commission_hold_days,
        terms.rule_version,
        terms.is_assumed,
        terms.currency_code,
        credits.connection_id,
        credits.order_id,
        credits.order_date,
        credits.event_date,
        credits.order_class,
        sum(
            credits.conversion_count
            * {{ chosen_model('terms.commission_model', 'credits', 'share') }}
        ) as credited_order_count,
        sum({{ chosen_model('terms.commission_model', 'credits', 'amount') }})
            as credited_net_amount
    from terms
    inner join {{ ref('fct_attribution_credit') }} as credits
        on
            terms.campaign_id = credits.campaign_id
            and terms.creator_id = credits.creator_id
            and terms.rule_version = credits.rule_version
            and (terms.valid_from_date is null or terms.valid_from_date <= credits.order_date)
            and (terms.valid_to_date is null or terms.valid_to_date >= credits.order_date)
    where
        credits.order_class in ('kept', 'cancelled')
        -- Says nothing more, but by index: few creators earn commission, and all credits are many.
        and credits.campaign_id = any(array(select listed.campaign_id from terms as listed))
        and credits.creator_id = any(array(select listed.creator_id from terms as listed))
    group by
        terms.campaign_id,
        terms.creator_id,
        terms.contract_id,
        terms.term_number,
        terms.commission_rate,
        terms.commission_model,
        terms.commission_hold_days,
        terms.rule_version,
        terms.is_assumed,
        terms.currency_code,
        credits.connection_id,
        credits.order_id,
        credits.order_date,
        credits.event_date,
        credits.order_class

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
