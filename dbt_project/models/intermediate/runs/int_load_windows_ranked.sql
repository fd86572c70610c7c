-- One row per load; recency 1 is the newest of its window. A window of hours belongs to its day.
with

loads as (

    select * from {{ source('quality', 'load_windows') }}

),

final as (

    select
        load_id,
        source,
        stream,
        connection_id,
        cast(left(partition_key, 10) as date) as health_date,
        status,
        reason,
        rows_read,
        rows_merged,
        rows_unchanged,
        rows_deleted,
        rows_rejected,
        coalesce(cardinality(drifted_fields), 0) as drifted_field_count,
        loaded_at,
        row_number() over (
            partition by source, stream, connection_id, partition_key
            order by load_id desc
        ) as recency
    from loads
    where partition_key ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}'

)

select * from final
