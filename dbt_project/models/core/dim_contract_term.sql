{{ config(post_hook='analyze {{ this }}') }}

with

contracts as (

    select
        contracts.*,
        coalesce(contracts.signed_date, campaigns.start_date) as committed_date
    from {{ ref('stg_campaign_plan__contracts') }} as contracts
    inner join {{ ref('dim_campaign') }} as campaigns
        on contracts.campaign_id = campaigns.campaign_id

),

terms as (

    select * from {{ ref('stg_campaign_plan__contract_terms') }}

),

-- A contract without terms is one term without bounds.
final as (

    select
        contracts.campaign_id,
        contracts.creator_id,
        contracts.contract_id,
        coalesce(terms.term_number, 1) as term_number,
        terms.valid_from_date,
        terms.valid_to_date,
        case when terms.term_number is null then contracts.fee_amount else terms.fee_amount end
            as fee_amount,
        coalesce(terms.commission_rate, contracts.commission_rate) as commission_rate,
        coalesce(terms.rule_version, contracts.rule_version) as rule_version,
        coalesce(terms.signed_date, contracts.committed_date) as committed_date,
        contracts.currency_code
    from contracts
    left join terms
        on
            contracts.connection_id = terms.connection_id
            and contracts.campaign_id = terms.campaign_id
            and contracts.contract_id = terms.contract_id

)

select * from final
