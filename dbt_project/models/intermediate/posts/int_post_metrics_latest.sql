-- One row per campaign and post: its counters at the newest snapshot of its richest access path
-- that knows the views, and at post age 7 days, where posts compare fairly.
{{ config(
    materialized='table',
    pre_hook='{{ join_whole_tables() }}',
    post_hook='analyze {{ this }}',
) }}

with

falls as (

    select
        platform,
        post_id,
        sum(fall_count) as fall_count
    from {{ ref('int_posts_measured') }}
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
        measured.metric_scope,
        measured.metric_definition_version,
        measured.measured_date,
        measured.likes_count,
        measured.comments_count,
        measured.shares_count,
        measured.saves_count,
        measured.reach_count,
        measured.views_count,
        {{ engagements('measured') }} as engagement_count,
        measured.likes_count + measured.comments_count as engagement_basic_count,
        measured.link_click_count,
        measured.watch_seconds,
        measured.engagement_basic_day7_count,
        measured.reach_day7_count,
        measured.views_day7_count,
        coalesce(falls.fall_count, 0) as fall_count
    from {{ ref('int_posts_matched') }} as posts
    left join {{ ref('int_posts_measured') }} as measured
        on
            posts.platform = measured.platform
            and posts.post_id = measured.post_id
            and posts.access_path = measured.access_path
    left join falls
        on
            posts.platform = falls.platform
            and posts.post_id = falls.post_id

)

select * from final
