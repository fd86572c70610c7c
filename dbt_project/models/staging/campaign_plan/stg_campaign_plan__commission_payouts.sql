with

source as (

    select * from {{ source('campaign_plan', 'contracts') }}

),

unnested as (

    select
        source.connection_id,
        source.campaign_id,
        source.creator_id,
        source.contract_id,
        cast(payouts.item ->> 'paid_date' as date) as paid_date,
        cast(payouts.item ->> 'amount' as numeric) as paid_amount,
        source._load_id as load_id
    from source
    cross join lateral jsonb_array_elements(source.commission_payouts) as payouts (item)
    where jsonb_typeof(source.commission_payouts) = 'array'

)

select * from unnested
