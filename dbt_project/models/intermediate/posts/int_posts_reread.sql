-- Posts of which this run's loads tell something, and the first day it is of. A row's two loads
-- are asked for apart: each is found by its own table's loads, where either of them would be sought
-- among all rows. A table, since both facts of posts ask, and planning the view below takes longer
-- than reading it.
{{ config(
    materialized='table',
    pre_hook='{{ join_whole_tables() }}',
    post_hook='analyze {{ this }}',
) }}

with

reread as (

    select
        platform,
        post_id,
        snapshot_date
    from {{ ref('int_post_snapshots') }}
    where {{ is_pending('load_id') }}

    union all

    select
        platform,
        post_id,
        snapshot_date
    from {{ ref('int_post_snapshots') }}
    where {{ is_pending('insight_load_id') }}

)

select
    platform,
    post_id,
    min(snapshot_date) as from_date
from reread
group by platform, post_id
-- depends_on: {{ source('quality', 'pending_loads') }}
