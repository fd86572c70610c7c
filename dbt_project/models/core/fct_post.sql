{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['platform', 'post_id'],
    pre_hook='{{ join_whole_tables() }}',
    post_hook='{{ analyze_when_grown() }}',
) }}

with

{% if is_incremental() -%}
affected as (

    select * from {{ ref('int_posts_reread') }}

),

{% endif -%}

ranked as (

    select
        snapshots.*,
        row_number() over (
            partition by snapshots.platform, snapshots.post_id
            order by
                snapshots.snapshot_date desc,
                {{ access_rank('snapshots.access_path') }},
                snapshots.connection_id asc
        ) as recency,
        -- Not every path names the account.
        max(snapshots.handle_key) over (
            partition by snapshots.platform, snapshots.post_id
        ) as known_handle_key,
        min(snapshots.snapshot_date) over (
            partition by snapshots.platform, snapshots.post_id
        ) as first_snapshot_date,
        min(snapshots.load_id) over (
            partition by snapshots.platform, snapshots.post_id
        ) as first_load_id,
        min({{ access_rank('snapshots.access_path') }}) over (
            partition by snapshots.platform, snapshots.post_id
        ) as best_access_rank
    from {{ ref('int_post_snapshots') }} as snapshots
    {% if is_incremental() -%}
    left join affected
        on
            snapshots.platform = affected.platform
            and snapshots.post_id = affected.post_id
    where
        (affected.post_id is not null or {{ plan_changed() }})
        and {{ is_since_first_reread('snapshots') }}
    {% endif %}
),

accounts as (

    select
        platform,
        handle_key,
        min(creator_id) as creator_id
    from {{ ref('stg_campaign_plan__creator_accounts') }}
    group by platform, handle_key

),

final as (

    select
        ranked.platform,
        ranked.post_id,
        ranked.known_handle_key as handle,
        accounts.creator_id,
        ranked.content_format,
        ranked.caption,
        ranked.permalink,
        ranked.published_at,
        ranked.published_date,
        {{ access_path_of('ranked.best_access_rank') }} as access_path,
        ranked.first_snapshot_date,
        ranked.snapshot_date as last_snapshot_date,
        ranked.first_load_id
    from ranked
    left join accounts
        on
            ranked.platform = accounts.platform
            and ranked.known_handle_key = accounts.handle_key
    where ranked.recency = 1

)

select * from final
-- depends_on: {{ source('quality', 'pending_loads') }} {{ ref('int_posts_reread') }}
-- depends_on: {{ source('campaign_plan', 'plan_versions') }}
-- depends_on: {{ source('campaign_plan', 'plan_days') }}
