-- Kept orders under `markov_path`, summed by business date of order and entry, rule version and who
-- is credited. Sums stored before are taken as they are unless the day's are outdated: those are
-- summed when this is read.
with

days as {{ computed_once() }} (

    select * from {{ ref('int_chained_days_outdated') }}

),

reader as (

    select to_note_id
    from {{ source('analysis', 'day_readers') }}
    where model_name = 'int_chained_days_summed'

),

summed as (

    {{ chained_sums('days') | indent(4) }}

),

final as (

    select
        kept.connection_id,
        kept.order_date,
        kept.chain_key,
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
        summed.chain_key,
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
