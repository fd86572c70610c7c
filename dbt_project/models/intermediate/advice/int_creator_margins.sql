-- One row per campaign and creator with credited units: what the goods of their kept orders cost,
-- by their part of each order. Returned goods cost what they cost: nobody says whether they are
-- sold again. A table: a view would be joined anew, and by loops, for each of its readers.
{{ config(
    materialized='table',
    pre_hook='{{ join_whole_tables() }}',
    post_hook='analyze {{ this }}',
) }}

select
    campaign_id,
    channel as creator_id,
    {{ share_count('sum(sold_unit_count)') }} as credited_unit_count,
    {{ share_count('sum(costed_unit_count)') }} as costed_unit_count,
    {{ amount('sum(cost_amount)') }} as unit_cost_amount
from {{ ref('int_products_credited') }}
where channel_type = 'creator' and variant_key <> '(no line)'
group by campaign_id, channel
