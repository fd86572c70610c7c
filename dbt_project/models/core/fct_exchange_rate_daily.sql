{{ config(
    post_hook='analyze {{ this }}',
    indexes=[{'columns': ['currency_code', 'calendar_date'], 'unique': true}],
) }}

with

rates as (

    select
        *,
        -- Two connections read the same bank.
        row_number() over (
            partition by currency_code, calendar_date
            order by is_carried_forward, connection_id
        ) as place
    from {{ ref('stg_exchange_rates__daily_rates') }}

),

final as (

    select
        calendar_date,
        currency_code,
        cast(units_per_euro as numeric(24, 10)) as units_per_euro,
        rate_date,
        is_carried_forward
    from rates
    where place = 1

)

select * from final
