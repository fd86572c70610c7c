-- One row: the day the marts stand for. Run by hand (no open run) it is derived from the arrivals,
-- and where there are none from the orders themselves. Only then are those read: a mart may look
-- this row up for each row of its own.
with

current_run as (

    select * from {{ source('quality', 'current_measure_run') }}

),

arrivals as (

    select
        source,
        max(day) as last_day
    from {{ source('quality', 'source_arrivals') }}
    group by source

),

arrived as (

    select
        min(last_day) as common_day,
        max(last_day) as last_day,
        string_agg(source, ',' order by source) as sources_present
    from arrivals

),

orders as (

    select max({{ business_date('created_at', reporting_timezone()) }}) as last_order_date
    from {{ ref('int_shop_orders') }}

),

facts as (

    select
        current_run.measure_run_id,
        coalesce(
            current_run.as_of_date,
            arrived.common_day,
            (select orders.last_order_date from orders),
            current_run.day
        ) as as_of_date,
        coalesce(
            greatest(current_run.as_of_date, current_run.day),
            arrived.last_day,
            (select orders.last_order_date from orders)
        ) as last_day,
        coalesce(
            array_to_string(current_run.sources_present, ','), arrived.sources_present, ''
        ) as sources_present,
        coalesce(array_to_string(current_run.sources_missing, ','), '') as sources_missing
    from arrived
    left join current_run on true

)

select * from facts
