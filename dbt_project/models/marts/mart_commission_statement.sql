with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

contracts as (

    select * from {{ ref('stg_campaign_plan__contracts') }}

),

scores as (

    select * from {{ source('analysis', 'code_leakage') }}

),

-- Orders that nothing but codes ties to a creator. Of two codes the clean one speaks for them.
code_orders as (

    select
        redemptions.connection_id,
        redemptions.order_id,
        redemptions.creator_id,
        bool_and(redemptions.is_compromised) as is_compromised,
        bool_and(redemptions.is_compromised or coalesce({{ leaked_use() | indent(8) }}, false))
            as is_public
    from {{ ref('int_code_redemptions') }} as redemptions
    left join scores
        on
            redemptions.campaign_id = scores.campaign_id
            and redemptions.code_key = scores.code_key
            and redemptions.creator_id = scores.creator_id
    where not redemptions.has_owner_evidence
    group by redemptions.connection_id, redemptions.order_id, redemptions.creator_id

),

entries as (

    select
        entries.*,
        coalesce(code_orders.is_compromised, false) as is_compromised,
        coalesce(code_orders.is_public and not code_orders.is_compromised, false) as is_leaked,
        cast(date_trunc('month', entries.event_date) as date) as statement_month,
        -- On the day it is released the commission of a sale may be paid.
        entries.release_date > facts.as_of_date as is_on_hold,
        entries.is_restatement and entries.event_date >= entries.release_date as is_clawback
    from {{ ref('int_commission_entries') }} as entries
    cross join facts
    left join code_orders
        on
            entries.connection_id = code_orders.connection_id
            and entries.order_id = code_orders.order_id
            and entries.creator_id = code_orders.creator_id

),

-- A day that is still to come has paid nothing yet, though the plan may say what it will.
payouts as (

    select
        payouts.campaign_id,
        payouts.creator_id,
        cast(date_trunc('month', payouts.paid_date) as date) as statement_month,
        sum(payouts.paid_amount) as paid_amount
    from {{ ref('stg_campaign_plan__commission_payouts') }} as payouts
    cross join facts
    where payouts.paid_date <= facts.as_of_date
    group by
        payouts.campaign_id,
        payouts.creator_id,
        cast(date_trunc('month', payouts.paid_date) as date)

),

earned as (

    select
        campaign_id,
        creator_id,
        statement_month,
        min(commission_rate) as commission_rate_lowest,
        max(commission_rate) as commission_rate_highest,
        string_agg(distinct rule_version, ',' order by rule_version) as rule_versions,
        max(commission_model) as commission_model,
        bool_or(is_assumed) as is_assumed,
        sum(credited_order_count) as credited_order_count,
        sum(credited_net_amount) as credited_net_amount,
        sum(case when is_compromised then credited_net_amount else 0 end)
            as compromised_net_amount,
        sum(case when is_leaked then credited_net_amount else 0 end) as leaked_net_amount,
        sum(case when is_restatement then 0 else commission_amount end) as sale_amount,
        sum(case when is_restatement and not is_clawback then commission_amount else 0 end)
            as return_amount,
        sum(case when is_clawback then commission_amount else 0 end) as clawback_amount,
        sum(commission_amount) as commission_amount,
        sum(case when is_on_hold then commission_amount else 0 end) as on_hold_amount,
        max(case when is_on_hold then release_date end) as last_release_date
    from entries
    group by campaign_id, creator_id, statement_month

),

months as (

    select
        campaign_id,
        creator_id,
        statement_month
    from earned

    union

    select
        campaign_id,
        creator_id,
        statement_month
    from payouts

    union

    -- Who may earn commission has a statement from the campaign's first month on, even of nothing.
    select
        terms.campaign_id,
        terms.creator_id,
        cast(date_trunc('month', campaigns.start_date) as date) as statement_month
    from {{ ref('dim_contract_term') }} as terms
    inner join campaigns on terms.campaign_id = campaigns.campaign_id
    where terms.commission_rate > 0

),

stated as (

    select
        months.campaign_id,
        months.creator_id,
        months.statement_month,
        earned.commission_rate_lowest,
        earned.commission_rate_highest,
        earned.rule_versions,
        earned.last_release_date,
        coalesce(earned.is_assumed, false) as is_assumed,
        coalesce(earned.credited_order_count, 0) as credited_order_count,
        coalesce(earned.credited_net_amount, 0) as credited_net_amount,
        coalesce(earned.compromised_net_amount, 0) as compromised_net_amount,
        coalesce(earned.leaked_net_amount, 0) as leaked_net_amount,
        coalesce(earned.sale_amount, 0) as sale_amount,
        coalesce(earned.return_amount, 0) as return_amount,
        coalesce(earned.clawback_amount, 0) as clawback_amount,
        coalesce(earned.commission_amount, 0) as commission_amount,
        coalesce(earned.on_hold_amount, 0) as on_hold_amount,
        coalesce(payouts.paid_amount, 0) as paid_amount
    from months
    left join earned
        on
            months.campaign_id = earned.campaign_id
            and months.creator_id = earned.creator_id
            and months.statement_month = earned.statement_month
    left join payouts
        on
            months.campaign_id = payouts.campaign_id
            and months.creator_id = payouts.creator_id
            and months.statement_month = payouts.statement_month

),

final as (

    select
        stated.campaign_id,
        stated.creator_id,
        contracts.contract_id,
        stated.statement_month,
        coalesce(contracts.commission_model, campaigns.default_attribution_model)
            as commission_model,
        stated.rule_versions,
        stated.is_assumed,
        cast(stated.commission_rate_lowest as numeric(18, 6)) as commission_rate_lowest,
        cast(stated.commission_rate_highest as numeric(18, 6)) as commission_rate_highest,
        cast(contracts.commission_hold_days as bigint) as hold_days,
        campaigns.currency_code,
        {{ share_count('stated.credited_order_count') }} as credited_order_count,
        {{ amount('stated.credited_net_amount') }} as credited_net_amount,
        {{ amount('stated.compromised_net_amount') }} as compromised_net_amount,
        {{ amount('stated.leaked_net_amount') }} as leaked_net_amount,
        {{ amount('stated.sale_amount') }} as sale_commission_amount,
        {{ amount('stated.return_amount') }} as return_commission_amount,
        {{ amount('stated.clawback_amount') }} as clawback_amount,
        {{ amount('stated.commission_amount') }} as commission_amount,
        {{ amount('stated.on_hold_amount') }} as on_hold_amount,
        {{ amount('stated.commission_amount - stated.on_hold_amount') }} as released_amount,
        stated.last_release_date as on_hold_until_date,
        {{ amount('stated.paid_amount') }} as paid_amount,
        {{ amount(
            'sum(stated.commission_amount - stated.on_hold_amount - stated.paid_amount) over ('
            ~ 'partition by stated.campaign_id, stated.creator_id order by stated.statement_month)'
        ) }} as owed_amount,
        facts.as_of_date
    from stated
    inner join campaigns on stated.campaign_id = campaigns.campaign_id
    inner join contracts
        on
            stated.campaign_id = contracts.campaign_id
            and stated.creator_id = contracts.creator_id
    cross join facts

)

select * from final
