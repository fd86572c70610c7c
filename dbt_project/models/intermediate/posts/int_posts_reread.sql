-- Posts of which this run's loads tell something, the first day it is of, and the first day that
-- any snapshot of the post is of (NULL while nobody knows): no older row is read for them. A row's
-- two loads are asked for apart: each is found by its own table's loads, where either of them would
-- be sought among all rows. A table, since both facts of posts ask, and planning the view below
-- takes longer than reading it.
{{ config(
    materialized='table',
    pre_hook='{{ join_whole_tables() }}',
    post_hook='analyze {{ this }}',
) }}

{%- set knows_posts = is_built('core', 'fct_post') %}
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

),

known as (

    {% if knows_posts -%}
    select
        platform,
        post_id,
        first_snapshot_date
    from {{ adapter.get_relation(target.database, 'core', 'fct_post') }}
    {%- else -%}
    select
        cast(null as text) as platform,
        cast(null as text) as post_id,
        cast(null as date) as first_snapshot_date
    {%- endif %}

),

final as (

    select
        reread.platform,
        reread.post_id,
        min(reread.snapshot_date) as from_date,
        {% if knows_posts -%}
        least(min(reread.snapshot_date), min(known.first_snapshot_date)) as first_date
        {%- else -%}
        min(known.first_snapshot_date) as first_date
        {%- endif %}
    from reread
    left join known
        on
            reread.platform = known.platform
            and reread.post_id = known.post_id
    group by reread.platform, reread.post_id

)

select * from final
-- depends_on: {{ source('quality', 'pending_loads') }}
