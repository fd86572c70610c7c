-- One row per campaign and post: its counters at the newest snapshot of its richest access path
-- that knows the views (insights of old posts are read no more; one rate never mixes two days), and
-- at post age 7 days, where posts compare fairly.
{{ config(
    materialized='table',
    pre_hook='{{ join_whole_tables() }}',
    post_hook='analyze {{ this }}',
) }}

with

posts as (

    select * from {{ ref('int_posts_matched') }}

),

metrics as (

    select
        posts.campaign_id,
        metrics.*,
        row_number() over (
            partition by posts.campaign_id, posts.platform, posts.post_id
            order by
                case when metrics.views_count is null then 1 else 0 end,
                metrics.snapshot_date desc
        ) as recency
    from posts
    inner join {{ ref('fct_post_metrics_daily') }} as metrics
        on
            posts.platform = metrics.platform
            and posts.post_id = metrics.post_id
            and posts.access_path = metrics.access_path

),

falls as (

    select
        platform,
        post_id,
        sum(case when has_fallen then 1 else 0 end) as fall_count
    from {{ ref('fct_post_metrics_daily') }}
    group by platform, post_id

),

final as (

    select
        posts.campaign_id,
        posts.creator_id,
        posts.platform,
        posts.post_id,
        posts.handle,
        posts.content_format,
        posts.piece_number,
        posts.published_at,
        posts.published_date,
        posts.permalink,
        posts.access_path,
        posts.has_hashtag,
        posts.has_code,
        posts.has_mention,
        posts.followers_at_publish_count,
        latest.metric_scope,
        latest.metric_definition_version,
        latest.snapshot_date as measured_date,
        latest.likes_count,
        latest.comments_count,
        latest.shares_count,
        latest.saves_count,
        latest.reach_count,
        latest.views_count,
        {{ engagements('latest') }} as engagement_count,
        latest.likes_count + latest.comments_count as engagement_basic_count,
        latest.link_click_count,
        latest.watch_seconds,
        day_7.likes_count + day_7.comments_count as engagement_basic_day7_count,
        day_7.reach_count as reach_day7_count,
        day_7.views_count as views_day7_count,
        coalesce(falls.fall_count, 0) as fall_count
    from posts
    left join metrics as latest
        on
            posts.campaign_id = latest.campaign_id
            and posts.platform = latest.platform
            and posts.post_id = latest.post_id
            and latest.recency = 1
    left join metrics as day_7
        on
            posts.campaign_id = day_7.campaign_id
            and posts.platform = day_7.platform
            and posts.post_id = day_7.post_id
            and day_7.post_age_days = 7
    left join falls
        on
            posts.platform = falls.platform
            and posts.post_id = falls.post_id

)

select * from final
