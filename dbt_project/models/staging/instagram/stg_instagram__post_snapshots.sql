-- One row per post, access path and window: what that path gives; what it does not give is NULL.
-- Stories are read in windows of six hours: of a day the last value known of each counter counts.
{%- set story_values = [
    'handle_key', 'caption', 'permalink', 'shares_count', 'reach_count', 'views_count',
    'link_click_count',
] %}

with

account_names as (

    select
        account_id,
        max(handle_key) as handle_key
    from {{ ref('stg_instagram__account_snapshots') }}
    where account_id is not null
    group by account_id

),

connected as (

    select
        media.connection_id,
        media.media_id,
        media.account_id,
        media.handle_key,
        media.snapshot_date,
        media.captured_at,
        'own_account' as access_path,
        'organic' as metric_scope,
        media.content_format,
        media.caption,
        media.permalink,
        media.published_at,
        media.published_date,
        coalesce(insights.likes_count, media.likes_count) as likes_count,
        coalesce(insights.comments_count, media.comments_count) as comments_count,
        insights.shares_count,
        insights.saves_count,
        insights.reach_count,
        insights.views_count,
        insights.link_click_count,
        insights.watch_seconds,
        media.load_id,
        insights.load_id as insight_load_id
    from {{ ref('stg_instagram__media') }} as media
    left join {{ ref('stg_instagram__media_insights') }} as insights
        on
            media.connection_id = insights.connection_id
            and media.media_id = insights.media_id
            and media.window_start = insights.window_start

),

partnership as (

    select
        connection_id,
        media_id,
        account_id,
        cast(null as text) as handle_key,
        snapshot_date,
        captured_at,
        'partnership_content' as access_path,
        'organic' as metric_scope,
        content_format,
        caption,
        permalink,
        published_at,
        published_date,
        likes_count,
        comments_count,
        shares_count,
        saves_count,
        reach_count,
        views_count,
        cast(null as bigint) as link_click_count,
        cast(null as numeric) as watch_seconds,
        load_id,
        cast(null as bigint) as insight_load_id
    from {{ ref('stg_instagram__partnership_content') }}

),

discovered as (

    select
        connection_id,
        media_id,
        cast(null as text) as account_id,
        handle_key,
        snapshot_date,
        captured_at,
        'business_discovery' as access_path,
        'total' as metric_scope,
        content_format,
        caption,
        permalink,
        published_at,
        published_date,
        likes_count,
        comments_count,
        cast(null as bigint) as shares_count,
        cast(null as bigint) as saves_count,
        cast(null as bigint) as reach_count,
        views_count,
        cast(null as bigint) as link_click_count,
        cast(null as numeric) as watch_seconds,
        load_id,
        cast(null as bigint) as insight_load_id
    from {{ ref('stg_instagram__discovered_media') }}

),

story_days as (

    select
        stories.connection_id,
        stories.media_id,
        stories.account_id,
        {{ business_date('stories.window_start', reporting_timezone()) }} as snapshot_date,
        {%- for value in story_values %}
        {{ last_known('stories.' ~ value, 'stories.window_start') }} as {{ value }},
        {%- endfor %}
        min(stories.published_at) as published_at,
        min(stories.published_date) as published_date,
        max(stories.captured_at) as captured_at,
        max(stories.load_id) as load_id
    from {{ ref('stg_instagram__stories') }} as stories
    group by
        stories.connection_id,
        stories.media_id,
        stories.account_id,
        {{ business_date('stories.window_start', reporting_timezone()) }}

),

stories as (

    select
        connection_id,
        media_id,
        account_id,
        handle_key,
        snapshot_date,
        captured_at,
        'own_account' as access_path,
        'organic' as metric_scope,
        'story' as content_format,
        caption,
        permalink,
        published_at,
        published_date,
        cast(null as bigint) as likes_count,
        cast(null as bigint) as comments_count,
        shares_count,
        cast(null as bigint) as saves_count,
        reach_count,
        views_count,
        link_click_count,
        cast(null as numeric) as watch_seconds,
        load_id,
        cast(null as bigint) as insight_load_id
    from story_days

),

observed as (

    select * from connected

    union all

    select * from stories

    union all

    select * from partnership

    union all

    select * from discovered

),

final as (

    select
        'instagram' as platform,
        observed.connection_id,
        observed.media_id as post_id,
        coalesce(observed.handle_key, account_names.handle_key) as handle_key,
        observed.snapshot_date,
        observed.captured_at,
        observed.access_path,
        observed.metric_scope,
        'instagram_views_2025' as metric_definition_version,
        observed.content_format,
        observed.caption,
        observed.permalink,
        observed.published_at,
        observed.published_date,
        observed.likes_count,
        observed.comments_count,
        observed.shares_count,
        observed.saves_count,
        observed.reach_count,
        observed.views_count,
        observed.link_click_count,
        observed.watch_seconds,
        observed.load_id,
        observed.insight_load_id
    from observed
    left join account_names on observed.account_id = account_names.account_id

)

select * from final
