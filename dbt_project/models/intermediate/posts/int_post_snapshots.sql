-- One row per post, access path and window, of all platforms; and what creators tell of their
-- stories by file: a path and a definition of its own, since nobody can check what they read off.
with

platforms as (

    {{ all_platforms('post_snapshots') }}

),

-- A story we also see ourselves is one post with two access paths.
seen_stories as (

    select
        permalink,
        min(media_id) as post_id
    from {{ ref('stg_instagram__stories_latest') }}
    where permalink is not null
    group by permalink

),

reported as (

    select
        story_numbers.platform,
        story_numbers.connection_id,
        coalesce(
            seen_stories.post_id,
            'story ' || story_numbers.creator_handle_key || ' ' || story_numbers.published_at
        ) as post_id,
        story_numbers.creator_handle_key as handle_key,
        {{ business_date(
            'coalesce(story_numbers.reported_at, story_numbers.published_at)',
            reporting_timezone(),
        ) }} as snapshot_date,
        coalesce(story_numbers.reported_at, story_numbers.published_at) as captured_at,
        'creator_report' as access_path,
        'organic' as metric_scope,
        story_numbers.platform || '_creator_report' as metric_definition_version,
        'story' as content_format,
        cast(null as text) as caption,
        story_numbers.story_url as permalink,
        story_numbers.published_at,
        {{ business_date('story_numbers.published_at', reporting_timezone()) }} as published_date,
        cast(null as bigint) as likes_count,
        cast(null as bigint) as comments_count,
        story_numbers.share_count as shares_count,
        cast(null as bigint) as saves_count,
        story_numbers.reach_count,
        story_numbers.view_count as views_count,
        story_numbers.link_click_count,
        cast(null as numeric) as watch_seconds,
        story_numbers.load_id,
        cast(null as bigint) as insight_load_id
    from {{ ref('stg_files__story_numbers') }} as story_numbers
    left join seen_stories on story_numbers.story_url = seen_stories.permalink

),

final as (

    select * from platforms

    union all

    select * from reported

)

select * from final
