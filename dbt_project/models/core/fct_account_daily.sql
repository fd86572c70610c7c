{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['platform', 'handle', 'access_path', 'snapshot_date'],
    post_hook='{{ analyze_when_grown() }}',
) }}

with

snapshots as (

    {{ all_platforms('account_snapshots') }}

),

newest as (

    select
        snapshots.*,
        row_number() over (
            partition by
                snapshots.platform,
                snapshots.handle_key,
                snapshots.access_path,
                snapshots.snapshot_date
            order by snapshots.captured_at desc, snapshots.connection_id asc
        ) as recency
    from snapshots
    where
        snapshots.handle_key is not null
        {% if is_incremental() -%}
        and (snapshots.load_id in {{ pending_loads() }} or {{ plan_changed() }})
        {%- endif %}

),

creators as (

    select
        platform,
        handle_key,
        min(creator_id) as creator_id
    from {{ ref('stg_campaign_plan__creator_accounts') }}
    group by platform, handle_key

),

brands as (

    select distinct
        platform,
        handle_key
    from {{ ref('stg_campaign_plan__brand_accounts') }}

),

final as (

    select
        newest.platform,
        newest.handle_key as handle,
        newest.access_path,
        newest.snapshot_date,
        newest.captured_at,
        newest.account_id,
        creators.creator_id,
        brands.handle_key is not null as is_brand,
        newest.followers_count,
        -- YouTube shows three digits, also to the channel's owner: a day's growth is not in them.
        newest.platform = 'youtube' as is_followers_rounded,
        newest.follows_count,
        newest.media_count,
        newest.unavailable_reason
    from newest
    left join creators
        on
            newest.platform = creators.platform
            and newest.handle_key = creators.handle_key
    left join brands
        on
            newest.platform = brands.platform
            and newest.handle_key = brands.handle_key
    where newest.recency = 1

)

select * from final
-- depends_on: {{ source('quality', 'pending_loads') }}
-- depends_on: {{ source('campaign_plan', 'plan_versions') }}
-- depends_on: {{ source('campaign_plan', 'plan_days') }}
