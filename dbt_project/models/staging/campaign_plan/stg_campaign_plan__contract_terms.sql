with

source as (

    select * from {{ source('campaign_plan', 'contract_terms') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        creator_id,
        contract_id,
        term_number,
        fee_amount,
        commission_rate,
        rule_version,
        signed_date,
        valid_from as valid_from_date,
        valid_to as valid_to_date,
        _load_id as load_id
    from source

)

select * from renamed
