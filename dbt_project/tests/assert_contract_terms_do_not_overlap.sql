-- On no day does a contract have two terms, so an order is judged under one.
select
    earlier.campaign_id,
    earlier.contract_id,
    later.term_number
from {{ ref('dim_contract_term') }} as earlier
inner join {{ ref('dim_contract_term') }} as later
    on
        earlier.campaign_id = later.campaign_id
        and earlier.contract_id = later.contract_id
        and earlier.term_number < later.term_number
where coalesce(earlier.valid_to_date >= later.valid_from_date, true)
