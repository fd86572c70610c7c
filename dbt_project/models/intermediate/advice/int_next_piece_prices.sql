-- What one more comparable piece of a creator costs: the fee by piece of the newest term that says
-- so, and a piece's part of the product, its shipping and the marketplace's fee. Money is in the
-- campaign's currency.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

contracts as (

    select
        contracts.*,
        coalesce(contracts.signed_date, campaigns.start_date) as committed_date,
        campaigns.currency_code as campaign_currency_code
    from {{ ref('stg_campaign_plan__contracts') }} as contracts
    inner join campaigns on contracts.campaign_id = campaigns.campaign_id

),

terms as (

    select
        *,
        max(case when fee_amount is not null then 1 else 0 end) over (
            partition by campaign_id, contract_id
        ) as is_fee_by_term,
        row_number() over (
            partition by campaign_id, creator_id
            order by valid_from_date desc nulls last, term_number desc, contract_id asc
        ) as recency
    from {{ ref('dim_contract_term') }}

),

fees as (

    select
        terms.campaign_id,
        terms.creator_id,
        case when terms.is_fee_by_term = 1 then terms.term_number else 1 end as term_number,
        case when terms.is_fee_by_term = 1 then terms.valid_from_date end as valid_from_date,
        case when terms.is_fee_by_term = 1 then terms.valid_to_date end as valid_to_date,
        sum(
            {{ converted_amount(
                'case when terms.is_fee_by_term = 1 then terms.fee_amount '
                ~ 'else contracts.fee_amount end',
                'contracts.currency_code',
                'contracts.campaign_currency_code',
                'terms.committed_date'
            ) }}
        ) as fee_amount
    from terms
    inner join contracts
        on
            terms.campaign_id = contracts.campaign_id
            and terms.contract_id = contracts.contract_id
    where
        (terms.is_fee_by_term = 1 and terms.fee_amount is not null)
        or (terms.is_fee_by_term = 0 and terms.term_number = 1)
    group by
        terms.campaign_id,
        terms.creator_id,
        case when terms.is_fee_by_term = 1 then terms.term_number else 1 end,
        case when terms.is_fee_by_term = 1 then terms.valid_from_date end,
        case when terms.is_fee_by_term = 1 then terms.valid_to_date end

),

pieces as (

    select
        fees.campaign_id,
        fees.creator_id,
        fees.term_number,
        fees.valid_from_date,
        fees.fee_amount,
        count(*) as piece_count,
        sum(
            case
                when
                    deliverables.planned_date
                    >= {{ days_after('facts.last_day', var('piece_lead_days')) }}
                    and coalesce(deliverables.live_date > facts.last_day, true)
                    then 1
                else 0
            end
        ) as open_piece_count
    from fees
    cross join facts
    inner join {{ ref('int_deliverables_matched') }} as deliverables
        on
            fees.campaign_id = deliverables.campaign_id
            and fees.creator_id = deliverables.creator_id
            and (
                fees.valid_from_date is null
                or fees.valid_from_date <= deliverables.planned_date
            )
            and (fees.valid_to_date is null or fees.valid_to_date >= deliverables.planned_date)
    group by
        fees.campaign_id,
        fees.creator_id,
        fees.term_number,
        fees.valid_from_date,
        fees.fee_amount

),

priced as (

    select
        *,
        row_number() over (
            partition by campaign_id, creator_id
            order by valid_from_date desc nulls last, term_number desc
        ) as recency
    from pieces

),

promised as (

    select
        campaign_id,
        creator_id,
        sum(piece_count) as piece_count,
        sum(open_piece_count) as open_piece_count,
        sum(round(fee_amount * open_piece_count / piece_count, 2)) as open_amount,
        max(case when recency = 1 then fee_amount / piece_count end) as fee_amount
    from priced
    group by campaign_id, creator_id

),

products as (

    select
        contracts.campaign_id,
        contracts.creator_id,
        sum(
            {{ converted_amount(
                '(coalesce(contracts.product_cost_amount, 0) '
                ~ '+ coalesce(contracts.shipping_cost_amount, 0) '
                ~ '+ coalesce(contracts.platform_fee_amount, 0))',
                'contracts.currency_code',
                'contracts.campaign_currency_code',
                'contracts.committed_date'
            ) }}
        ) as product_amount
    from contracts
    group by contracts.campaign_id, contracts.creator_id

),

final as (

    select
        creators.campaign_id,
        creators.creator_id,
        coalesce(promised.piece_count, 0) as contracted_piece_count,
        coalesce(promised.open_piece_count, 0) as open_piece_count,
        {{ amount('coalesce(promised.open_amount, 0)') }} as open_amount,
        {{ amount('case when promised.fee_amount > 0 then promised.fee_amount end') }}
            as quoted_fee_amount,
        {{ amount(
            'coalesce(products.product_amount / nullif(promised.piece_count, 0), 0)'
        ) }} as product_amount,
        cast(coalesce(terms.commission_rate, 0) as numeric(18, 6)) as commission_rate,
        case
            when creators.last_planned_date is not null
                then 'no longer in the plan since ' || creators.last_planned_date
            when products.creator_id is null then 'no contract'
            when promised.piece_count is null then 'no promised piece tells what one costs'
            when promised.fee_amount is null
                then 'no exchange rate for the currency of the contract'
            when promised.fee_amount = 0 then 'paid in product only'
        end as unavailable_reason
    from {{ ref('dim_creator') }} as creators
    left join promised
        on
            creators.campaign_id = promised.campaign_id
            and creators.creator_id = promised.creator_id
    left join products
        on
            creators.campaign_id = products.campaign_id
            and creators.creator_id = products.creator_id
    left join terms
        on
            creators.campaign_id = terms.campaign_id
            and creators.creator_id = terms.creator_id
            and terms.recency = 1

)

select * from final
