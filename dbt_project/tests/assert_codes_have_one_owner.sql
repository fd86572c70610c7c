-- On no day does a code of a shop belong to two creators.
select
    earlier.connection_id,
    earlier.code_key,
    later.valid_from_date
from {{ ref('dim_code') }} as earlier
inner join {{ ref('dim_code') }} as later
    on
        earlier.connection_id = later.connection_id
        and earlier.code_key = later.code_key
        and (
            earlier.valid_from_date < later.valid_from_date
            or (
                earlier.valid_from_date = later.valid_from_date
                and (earlier.campaign_id, earlier.creator_id)
                < (later.campaign_id, later.creator_id)
            )
        )
where coalesce(earlier.valid_to_date, later.valid_from_date) >= later.valid_from_date
