with

source as (

    select * from {{ source('campaign_plan', 'payments') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        creator_id,
        payment_number,
        payment_amount,
        due_date,
        milestone,
        deliverable_id,
        currency_code,
        _load_id as load_id
    from source

)

select * from renamed
