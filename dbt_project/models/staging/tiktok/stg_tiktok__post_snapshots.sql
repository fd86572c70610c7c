-- One row per post, access path and window: what that path gives; what it does not give is NULL.
with

account_names as (

    select
        connection_id,
        business_id,
        max(handle_key) as handle_key
    from {{ ref('stg_tiktok__accounts') }}
    group by connection_id, business_id

),

connected as (

    select
        videos.connection_id,
        videos.post_id,
        account_names.handle_key,
        videos.snapshot_date,
        videos.captured_at,
        'own_account' as access_path,
        -- Views that ads brought are among them.
        'total' as metric_scope,
        videos.content_format,
        videos.caption,
        videos.permalink,
        videos.published_at,
        videos.published_date,
        videos.likes_count,
        videos.comments_count,
        videos.shares_count,
        videos.saves_count,
        videos.reach_count,
        videos.views_count,
        videos.link_click_count,
        videos.watch_seconds,
        videos.load_id
    from {{ ref('stg_tiktok__videos') }} as videos
    left join account_names
        on
            videos.connection_id = account_names.connection_id
            and videos.business_id = account_names.business_id

),

-- A video in two campaigns, or in the reports of two countries, is reported alike by all of them.
reported as (

    select
        reports.*,
        row_number() over (
            partition by reports.connection_id, reports.post_id, reports.snapshot_date
            order by
                reports.views_count desc nulls last,
                reports.tiktok_campaign_id asc,
                reports.country_code asc
        ) as place
    from {{ ref('stg_tiktok__reports') }} as reports

),

campaign as (

    select
        reported.connection_id,
        reported.post_id,
        reported.handle_key,
        reported.snapshot_date,
        reported.captured_at,
        'partnership_content' as access_path,
        'organic' as metric_scope,
        'reel' as content_format,
        posts.caption,
        'https://www.tiktok.com/@' || reported.handle_key || '/video/' || reported.post_id
            as permalink,
        coalesce(reported.published_at, posts.published_at) as published_at,
        coalesce(reported.published_date, posts.published_date) as published_date,
        {%- for counter in ['likes', 'comments', 'shares', 'saves', 'reach', 'views'] %}
        -- What was never paid for is organic as a whole.
        coalesce(
            reported.{{ counter }}_organic_count,
            case when not reported.was_boosted then reported.{{ counter }}_count end
        ) as {{ counter }}_count,
        {%- endfor %}
        reported.link_click_count,
        case when not reported.was_boosted then reported.watch_seconds end as watch_seconds,
        reported.load_id
    from reported
    left join {{ ref('stg_tiktok__posts') }} as posts
        on
            reported.connection_id = posts.connection_id
            and reported.post_id = posts.post_id
            and reported.window_start = posts.window_start
    where reported.place = 1

),

discovered as (

    select
        connection_id,
        post_id,
        handle_key,
        snapshot_date,
        captured_at,
        'business_discovery' as access_path,
        'total' as metric_scope,
        'reel' as content_format,
        caption,
        'https://www.tiktok.com/@' || handle_key || '/video/' || post_id as permalink,
        published_at,
        published_date,
        likes_count,
        comments_count,
        shares_count,
        saves_count,
        cast(null as bigint) as reach_count,
        views_count,
        cast(null as bigint) as link_click_count,
        cast(null as numeric) as watch_seconds,
        load_id
    from {{ ref('stg_tiktok__posts') }}

),

observed as (

    select * from connected

    union all

    select * from campaign

    union all

    select * from discovered

),

final as (

    select
        'tiktok' as platform,
        observed.connection_id,
        observed.post_id,
        observed.handle_key,
        observed.snapshot_date,
        observed.captured_at,
        observed.access_path,
        observed.metric_scope,
        'tiktok_views_v1_3' as metric_definition_version,
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
        cast(null as bigint) as insight_load_id
    from observed

)

select * from final
