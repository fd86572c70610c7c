-- Days whose stored sums under `markov_path` are no longer what their orders say: another chain
-- serves them by now, one of their orders was rebuilt since, or nobody knows what was summed. A
-- run's solves bring them up to date (include/chained_sums.py).
with

reader as (

    select to_note_id
    from {{ source('analysis', 'day_readers') }}
    where model_name = 'int_chained_days_summed'

),

final as (

    select
        rebuilt.connection_id,
        rebuilt.order_date
    from {{ source('analysis', 'rebuilt_days') }} as rebuilt
    inner join reader on rebuilt.note_id > reader.to_note_id

    union distinct

    {{ days_chained_otherwise(ref('int_chained_days_summed')) | indent(4) }}

    union distinct

    select
        orders.connection_id,
        orders.order_date
    from {{ ref('fct_order') }} as orders
    where not exists (select 1 from reader)

)

select * from final
