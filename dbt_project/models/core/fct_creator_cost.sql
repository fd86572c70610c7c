{{ config(post_hook='analyze {{ this }}') }}

with

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

members as (

    select * from {{ ref('stg_campaign_plan__plan_members') }}

),

contracts as (

    select
        contracts.*,
        campaigns.end_date,
        coalesce(contracts.signed_date, campaigns.start_date) as committed_date
    from {{ ref('stg_campaign_plan__contracts') }} as contracts
    inner join campaigns on contracts.campaign_id = campaigns.campaign_id

),

terms as (

    select
        terms.*,
        campaigns.default_rule_version,
        terms.rule_version in {{ quoted_list(var('attribution_rule_versions')) }}
            as is_rule_version_computed,
        max(case when terms.fee_amount is not null then 1 else 0 end) over (
            partition by terms.campaign_id, terms.contract_id
        ) as is_fee_by_term
    from {{ ref('dim_contract_term') }} as terms
    inner join campaigns on terms.campaign_id = campaigns.campaign_id

),

-- A fee is paid by term where the terms say so, else whole.
contract_fees as (

    select
        campaign_id,
        creator_id,
        contract_id,
        term_number,
        valid_from_date,
        valid_to_date,
        fee_amount,
        committed_date,
        currency_code
    from terms
    where is_fee_by_term = 1

    union all

    select
        contracts.campaign_id,
        contracts.creator_id,
        contracts.contract_id,
        1 as term_number,
        cast(null as date) as valid_from_date,
        cast(null as date) as valid_to_date,
        contracts.fee_amount,
        contracts.committed_date,
        contracts.currency_code
    from contracts
    inner join terms
        on
            contracts.campaign_id = terms.campaign_id
            and contracts.contract_id = terms.contract_id
            and terms.term_number = 1
            and terms.is_fee_by_term = 0

),

fees as (

    select
        campaign_id,
        creator_id,
        currency_code,
        term_number,
        valid_from_date,
        valid_to_date,
        sum(fee_amount) as fee_amount,
        min(committed_date) as committed_date
    from contract_fees
    group by
        campaign_id, creator_id, currency_code, term_number, valid_from_date, valid_to_date

),

pieces as (

    select
        deliverables.*,
        fees.term_number,
        fees.fee_amount,
        fees.currency_code,
        row_number() over (
            partition by deliverables.campaign_id, deliverables.creator_id, fees.term_number
            order by deliverables.planned_date, deliverables.deliverable_id
        ) as piece_number,
        count(*) over (
            partition by deliverables.campaign_id, deliverables.creator_id, fees.term_number
        ) as piece_count
    from {{ ref('int_deliverables_matched') }} as deliverables
    inner join fees
        on
            deliverables.campaign_id = fees.campaign_id
            and deliverables.creator_id = fees.creator_id
            and (
                fees.valid_from_date is null
                or deliverables.planned_date >= fees.valid_from_date
            )
            and (fees.valid_to_date is null or deliverables.planned_date <= fees.valid_to_date)

),

-- What a creator posts, or is assumed to post, after the plan let them go is not owed.
live_pieces as (

    select pieces.*
    from pieces
    left join members
        on
            pieces.campaign_id = members.campaign_id
            and pieces.creator_id = members.creator_id
    where
        pieces.live_date is not null
        and (members.last_planned_date is null or pieces.live_date <= members.last_planned_date)

),

-- Cumulative rounding: the parts of a fee add up to it to the cent.
delivered_fees as (

    select
        campaign_id,
        creator_id,
        live_date as cost_date,
        'fee' as cost_type,
        'delivered' as cost_basis,
        deliverable_id as reference_id,
        is_unverifiable as is_assumed,
        round(fee_amount * piece_number / piece_count, 2)
        - round(fee_amount * (piece_number - 1) / piece_count, 2) as cost_amount,
        currency_code
    from live_pieces

),

fees_without_pieces as (

    select
        fees.campaign_id,
        fees.creator_id,
        greatest(fees.committed_date, fees.valid_from_date) as cost_date,
        'fee' as cost_type,
        'delivered' as cost_basis,
        concat_ws(' ', 'no pieces', nullif(fees.term_number, 1)) as reference_id,
        false as is_assumed,
        fees.fee_amount as cost_amount,
        fees.currency_code
    from fees
    left join pieces
        on
            fees.campaign_id = pieces.campaign_id
            and fees.creator_id = pieces.creator_id
            and fees.term_number = pieces.term_number
    where pieces.deliverable_id is null

),

committed_fees as (

    select
        campaign_id,
        creator_id,
        committed_date as cost_date,
        'fee' as cost_type,
        'committed' as cost_basis,
        concat_ws(' ', contract_id, nullif(term_number, 1)) as reference_id,
        false as is_assumed,
        fee_amount as cost_amount,
        currency_code
    from contract_fees

),

-- For the books alone: the fee by the calendar of the campaign, week by week, whatever was
-- delivered. Cumulative rounding, so that the weeks add up to it to the cent.
accrued_fees as (

    select
        contract_fees.campaign_id,
        contract_fees.creator_id,
        least({{ days_after('calendar.first_day', 6) }}, campaigns.end_date) as cost_date,
        'fee' as cost_type,
        'accrued' as cost_basis,
        concat_ws(
            ' ',
            contract_fees.contract_id,
            nullif(contract_fees.term_number, 1),
            'week of',
            cast(calendar.first_day as date)
        ) as reference_id,
        false as is_assumed,
        round(
            contract_fees.fee_amount
            * (
                least({{ days_after('calendar.first_day', 6) }}, campaigns.end_date)
                - campaigns.start_date + 1
            ) / (campaigns.end_date - campaigns.start_date + 1), 2
        )
        - round(
            contract_fees.fee_amount
            * greatest({{ days_after('calendar.first_day', 0) }} - campaigns.start_date, 0)
            / (campaigns.end_date - campaigns.start_date + 1), 2
        ) as cost_amount,
        contract_fees.currency_code
    from contract_fees
    inner join campaigns on contract_fees.campaign_id = campaigns.campaign_id
    cross join
        lateral generate_series(
            date_trunc('week', campaigns.start_date), campaigns.end_date, interval '7 days'
        ) as calendar (first_day)

),

promises as (

    select
        campaign_id,
        creator_id,
        count(*) as piece_count
    from pieces
    group by campaign_id, creator_id

),

milestones as (

    select
        contracts.campaign_id,
        contracts.creator_id,
        contracts.signed_date,
        contracts.product_sent_date,
        contracts.end_date,
        min(live_pieces.live_date) as first_live_date,
        max(live_pieces.live_date) as last_live_date,
        count(live_pieces.deliverable_id) as live_count,
        min(promises.piece_count) as promised_count,
        coalesce(bool_or(live_pieces.is_unverifiable), false) as is_assumed
    from contracts
    left join live_pieces
        on
            contracts.campaign_id = live_pieces.campaign_id
            and contracts.creator_id = live_pieces.creator_id
    left join promises
        on
            contracts.campaign_id = promises.campaign_id
            and contracts.creator_id = promises.creator_id
    group by
        contracts.campaign_id,
        contracts.creator_id,
        contracts.signed_date,
        contracts.product_sent_date,
        contracts.end_date

),

-- An instalment is due once its day is known: a milestone that was not reached yet makes no row.
dated_payments as (

    select
        payments.campaign_id,
        payments.creator_id,
        case
            when payments.due_date is not null then payments.due_date
            when payments.deliverable_id is not null then live_pieces.live_date
            when payments.milestone = 'signed' then milestones.signed_date
            when payments.milestone = 'product_sent' then milestones.product_sent_date
            when payments.milestone = 'campaign_end' then milestones.end_date
            when payments.milestone = 'first_piece_live' then milestones.first_live_date
            when
                payments.milestone = 'all_pieces_live'
                and milestones.live_count = milestones.promised_count
                then milestones.last_live_date
        end as cost_date,
        'fee' as cost_type,
        'due' as cost_basis,
        'payment ' || payments.payment_number as reference_id,
        case
            when payments.deliverable_id is not null then live_pieces.is_unverifiable
            when payments.milestone in ('first_piece_live', 'all_pieces_live')
                then milestones.is_assumed
            else false
        end as is_assumed,
        payments.payment_amount as cost_amount,
        payments.currency_code
    from {{ ref('stg_campaign_plan__payments') }} as payments
    inner join milestones
        on
            payments.campaign_id = milestones.campaign_id
            and payments.creator_id = milestones.creator_id
    left join live_pieces
        on
            payments.campaign_id = live_pieces.campaign_id
            and payments.creator_id = live_pieces.creator_id
            and payments.deliverable_id = live_pieces.deliverable_id

),

due_payments as (

    select * from dated_payments
    where cost_date is not null

),

cost_types as (

    select 'product' as cost_type
    union all
    select 'shipping' as cost_type
    union all
    select 'platform_fee' as cost_type

),

cost_bases as (

    select 'committed' as cost_basis
    union all
    select 'delivered' as cost_basis

),

-- A marketplace takes its fee when the contract is made, and only some contracts have one.
contract_costs as (

    select
        contracts.campaign_id,
        contracts.creator_id,
        case
            when cost_bases.cost_basis = 'committed' or cost_types.cost_type = 'platform_fee'
                then contracts.committed_date
            else contracts.product_sent_date
        end as cost_date,
        cost_types.cost_type,
        cost_bases.cost_basis,
        contracts.contract_id as reference_id,
        false as is_assumed,
        case cost_types.cost_type
            when 'product' then contracts.product_cost_amount
            when 'shipping' then contracts.shipping_cost_amount
            else contracts.platform_fee_amount
        end as cost_amount,
        contracts.currency_code
    from contracts
    cross join cost_types
    cross join cost_bases
    where case cost_types.cost_type
        when 'platform_fee' then contracts.platform_fee_amount > 0
        else cost_bases.cost_basis = 'committed' or contracts.product_sent_date is not null
    end

),

-- What was spent on a post was never promised, but is gone from the budget all the same.
boosts as (

    select
        boost_costs.campaign_id,
        boost_costs.creator_id,
        boost_costs.cost_date,
        'boost' as cost_type,
        cost_bases.cost_basis,
        concat_ws(
            ' ',
            boost_costs.platform,
            boost_costs.post_id,
            boost_costs.cost_date,
            boost_costs.currency_code
        ) as reference_id,
        false as is_assumed,
        boost_costs.spend_amount as cost_amount,
        boost_costs.currency_code
    from {{ ref('int_boost_costs') }} as boost_costs
    cross join cost_bases

),

earning as (

    select distinct
        campaign_id,
        creator_id
    from terms
    where commission_rate > 0

),

-- Of the sums by day: a cost names no order.
credited as (

    select
        credits.campaign_id,
        credits.creator_id,
        credits.event_date,
        credits.order_date,
        credits.rule_version,
        campaigns.currency_code,
        sum({{ chosen_model(
            'coalesce(contracts.commission_model, campaigns.default_attribution_model)',
            'credits',
            'amount'
        ) }}) as credit_amount
    from {{ ref('int_credits_summed') }} as credits
    inner join earning
        on
            credits.campaign_id = earning.campaign_id
            and credits.creator_id = earning.creator_id
    inner join campaigns on credits.campaign_id = campaigns.campaign_id
    left join contracts
        on
            credits.campaign_id = contracts.campaign_id
            and credits.creator_id = contracts.creator_id
    where credits.order_class = 'kept'
    group by
        credits.campaign_id,
        credits.creator_id,
        credits.event_date,
        credits.order_date,
        credits.rule_version,
        campaigns.currency_code

),

-- Owed under the term of the order's day and its rule version, on the day the sale or its return
-- was booked: a return takes back what the sale had earned. A share of the shop's own money, so in
-- its currency whatever the fee is paid in. Assumed from the campaign's version
-- while the term's own is not computed.
commissions as (

    select
        terms.campaign_id,
        terms.creator_id,
        credited.event_date as cost_date,
        'commission' as cost_type,
        'delivered' as cost_basis,
        concat_ws(' ', terms.contract_id, nullif(terms.term_number, 1), credited.event_date)
            as reference_id,
        not terms.is_rule_version_computed as is_assumed,
        round(sum(credited.credit_amount) * terms.commission_rate, 2) as cost_amount,
        credited.currency_code
    from terms
    inner join credited
        on
            terms.campaign_id = credited.campaign_id
            and terms.creator_id = credited.creator_id
            and (terms.valid_from_date is null or terms.valid_from_date <= credited.order_date)
            and (terms.valid_to_date is null or terms.valid_to_date >= credited.order_date)
            and credited.rule_version = case
                when terms.is_rule_version_computed then terms.rule_version
                else terms.default_rule_version
            end
    where terms.commission_rate > 0
    group by
        terms.campaign_id,
        terms.creator_id,
        terms.contract_id,
        terms.term_number,
        terms.is_rule_version_computed,
        terms.commission_rate,
        credited.currency_code,
        credited.event_date

),

costs as (

    select * from committed_fees

    union all

    select * from delivered_fees

    union all

    select * from accrued_fees

    union all

    select * from fees_without_pieces

    union all

    select * from due_payments

    union all

    select * from contract_costs

    union all

    select * from boosts

    union all

    select * from commissions

),

final as (

    select
        costs.campaign_id,
        costs.creator_id,
        costs.cost_basis,
        costs.cost_type,
        costs.reference_id,
        costs.cost_date,
        costs.is_assumed,
        {{ amount(converted_amount(
            'costs.cost_amount', 'costs.currency_code', 'campaigns.currency_code', 'costs.cost_date'
        )) }} as cost_amount,
        campaigns.currency_code,
        {{ amount('costs.cost_amount') }} as original_cost_amount,
        costs.currency_code as original_currency_code
    from costs
    inner join campaigns on costs.campaign_id = campaigns.campaign_id

)

select * from final
