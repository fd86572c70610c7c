-- The instalments of a contract are its whole fee, or there are none.
select
    contracts.campaign_id,
    contracts.contract_id
from {{ ref('stg_campaign_plan__contracts') }} as contracts
inner join {{ ref('stg_campaign_plan__payments') }} as payments
    on
        contracts.campaign_id = payments.campaign_id
        and contracts.creator_id = payments.creator_id
group by contracts.campaign_id, contracts.contract_id, contracts.fee_amount
having sum(payments.payment_amount) <> contracts.fee_amount
