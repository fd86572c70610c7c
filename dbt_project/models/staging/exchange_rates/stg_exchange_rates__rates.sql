with

source as (

    select * from {{ source('exchange_rates', 'rates') }}

),

renamed as (

    select
        connection_id,
        rate_date,
        upper(currency) as currency_code,
        rate as units_per_euro,
        _load_id as load_id
    from source

)

select * from renamed
