-- Kept orders under `markov_path`, summed by business date of order and entry, rule version and who
-- is credited. Sums stored before this run's solves are taken as they are unless the day's chain is
-- another one by now, or one of its orders was rebuilt since: those are summed when this is read.
with

reader as (

    select to_note_id
    from {{ source('analysis', 'day_readers') }}
    where model_name = 'int_chained_days_summed'

),

days as materialized (

    select
        rebuilt.connection_id,
        rebuilt.order_date
    from {{ source('analysis', 'rebuilt_days') }} as rebuilt
    inner join reader on rebuilt.note_id > reader.to_note_id

    union distinct

    {{ days_chained_otherwise(ref('int_chained_days_summed')) | indent(4) }}

    union distinct

    -- Nobody knows what was summed.
    select
        orders.connection_id,
        orders.order_date
    from {{ ref('fct_order') }} as orders
    where not exists (select 1 from reader)

),

summed as (

    {{ chained_sums('days') | indent(4) }}

),

final as (

    select
        kept.connection_id,
        kept.order_date,
        kept.solve_id,
        kept.event_date,
        kept.rule_version,
        kept.channel_type,
        kept.channel,
        kept.campaign_id,
        kept.creator_id,
        kept.credited_order_count,
        kept.credited_amount
    from {{ ref('int_chained_days_summed') }} as kept
    left join days
        on
            kept.connection_id = days.connection_id
            and kept.order_date = days.order_date
    where days.order_date is null and exists (select 1 from reader)

    union all

    select
        summed.connection_id,
        summed.order_date,
        summed.solve_id,
        summed.event_date,
        summed.rule_version,
        summed.channel_type,
        summed.channel,
        summed.campaign_id,
        summed.creator_id,
        summed.credited_order_count,
        summed.credited_amount
    from summed

)

select * from final
