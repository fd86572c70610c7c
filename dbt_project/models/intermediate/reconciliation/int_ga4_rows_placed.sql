-- int_ga4_rows_converted with repeat_number, which counts the purchases of one order.
select
    *,
    case
        when order_id is not null and purchase_count > 0
            then row_number() over (
                partition by connection_id, order_id
                order by
                    case when purchase_count > 0 then 0 else 1 end asc,
                    purchase_amount desc,
                    transaction_date asc,
                    session_source asc,
                    session_medium asc,
                    ga4_connection_id asc,
                    property_id asc
            )
    end as repeat_number
from {{ ref('int_ga4_rows_converted') }}
