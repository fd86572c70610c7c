-- One row per source and day that was loaded and passed its check.
with

arrivals as (

    select * from {{ source('quality', 'source_arrivals') }}

),

final as (

    select
        source,
        day as health_date,
        arrived_at
    from arrivals

)

select * from final
