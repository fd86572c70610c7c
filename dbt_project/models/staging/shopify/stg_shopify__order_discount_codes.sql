-- No CTE: a view with one is planned by itself, and whoever looks up a few of its rows reads all.
select
    connection_id,
    order_id,
    position as code_position,
    code,
    {{ code_key('code') }} as code_key,
    _load_id as load_id
from {{ source('shopify', 'order_discount_codes') }}
