with

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

contracts as (

    select
        contracts.*,
        campaigns.default_rule_version,
        contracts.rule_version in {{ quoted_list(var('attribution_rule_versions')) }}
            as is_rule_version_computed,
        coalesce(contracts.signed_date, campaigns.start_date) as committed_date
    from {{ ref('stg_campaign_plan__contracts') }} as contracts
    inner join campaigns on contracts.campaign_id = campaigns.campaign_id

),

fees as (

    select
        campaign_id,
        creator_id,
        currency_code,
        sum(fee_amount) as fee_amount,
        min(committed_date) as committed_date
    from contracts
    group by campaign_id, creator_id, currency_code

),

pieces as (

    select
        *,
        row_number() over (
            partition by campaign_id, creator_id order by planned_date, deliverable_id
        ) as piece_number,
        count(*) over (partition by campaign_id, creator_id) as piece_count
    from {{ ref('int_deliverables_matched') }}

),

-- Cumulative rounding: the parts of a fee add up to it to the cent.
delivered_fees as (

    select
        pieces.campaign_id,
        pieces.creator_id,
        pieces.live_date as cost_date,
        'fee' as cost_type,
        'delivered' as cost_basis,
        pieces.deliverable_id as reference_id,
        pieces.is_unverifiable as is_assumed,
        round(fees.fee_amount * pieces.piece_number / pieces.piece_count, 2)
        - round(fees.fee_amount * (pieces.piece_number - 1) / pieces.piece_count, 2) as cost_amount,
        fees.currency_code
    from pieces
    inner join fees
        on
            pieces.campaign_id = fees.campaign_id
            and pieces.creator_id = fees.creator_id
    where pieces.live_date is not null

),

fees_without_pieces as (

    select
        fees.campaign_id,
        fees.creator_id,
        fees.committed_date as cost_date,
        'fee' as cost_type,
        'delivered' as cost_basis,
        'no pieces' as reference_id,
        false as is_assumed,
        fees.fee_amount as cost_amount,
        fees.currency_code
    from fees
    left join pieces
        on
            fees.campaign_id = pieces.campaign_id
            and fees.creator_id = pieces.creator_id
    where pieces.deliverable_id is null

),

committed_fees as (

    select
        campaign_id,
        creator_id,
        committed_date as cost_date,
        'fee' as cost_type,
        'committed' as cost_basis,
        contract_id as reference_id,
        false as is_assumed,
        fee_amount as cost_amount,
        currency_code
    from contracts

),

cost_types as (

    select 'product' as cost_type
    union all
    select 'shipping' as cost_type

),

cost_bases as (

    select 'committed' as cost_basis
    union all
    select 'delivered' as cost_basis

),

product_costs as (

    select
        contracts.campaign_id,
        contracts.creator_id,
        case
            when cost_bases.cost_basis = 'delivered' then contracts.product_sent_date
            else contracts.committed_date
        end as cost_date,
        cost_types.cost_type,
        cost_bases.cost_basis,
        contracts.contract_id as reference_id,
        false as is_assumed,
        case cost_types.cost_type
            when 'product' then contracts.product_cost_amount
            else contracts.shipping_cost_amount
        end as cost_amount,
        contracts.currency_code
    from contracts
    cross join cost_types
    cross join cost_bases
    where cost_bases.cost_basis = 'committed' or contracts.product_sent_date is not null

),

credited as (

    select
        credits.campaign_id,
        credits.creator_id,
        credits.event_date,
        credits.rule_version,
        sum({{ chosen_model('campaigns.default_attribution_model', 'credits', 'amount') }})
            as credit_amount
    from {{ ref('fct_attribution_credit') }} as credits
    inner join campaigns on credits.campaign_id = campaigns.campaign_id
    where credits.order_class = 'kept' and credits.creator_id is not null
    group by
        credits.campaign_id, credits.creator_id, credits.event_date, credits.rule_version

),

-- Owed under the contract's own rule version, on the day the sale or its return was booked; assumed
-- from the campaign's rule version while the contract's own is not computed.
commissions as (

    select
        contracts.campaign_id,
        contracts.creator_id,
        credited.event_date as cost_date,
        'commission' as cost_type,
        'delivered' as cost_basis,
        contracts.contract_id || ' ' || credited.event_date as reference_id,
        not contracts.is_rule_version_computed as is_assumed,
        round(credited.credit_amount * contracts.commission_rate, 2) as cost_amount,
        contracts.currency_code
    from contracts
    inner join credited
        on
            contracts.campaign_id = credited.campaign_id
            and contracts.creator_id = credited.creator_id
            and credited.rule_version = case
                when contracts.is_rule_version_computed then contracts.rule_version
                else contracts.default_rule_version
            end
    where contracts.commission_rate > 0

),

costs as (

    select * from committed_fees

    union all

    select * from delivered_fees

    union all

    select * from fees_without_pieces

    union all

    select * from product_costs

    union all

    select * from commissions

),

final as (

    select
        campaign_id,
        creator_id,
        cost_basis,
        cost_type,
        reference_id,
        cost_date,
        is_assumed,
        {{ amount('cost_amount') }} as cost_amount,
        currency_code
    from costs

)

select * from final
