with

source as (

    select * from {{ source('campaign_plan', 'contracts') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        creator_id,
        contract_id,
        fee_amount,
        product_cost_amount,
        shipping_cost_amount,
        platform_fee_amount,
        product_sent_date,
        commission_rate,
        rule_version,
        signed_date,
        currency_code,
        commission_model,
        coalesce(commission_hold_days, 30) as commission_hold_days,
        _load_id as load_id
    from source

)

select * from renamed
