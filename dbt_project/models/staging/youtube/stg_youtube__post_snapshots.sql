-- One row per video and window. Counters are public for every channel; a video the API left out
-- has no row here (stg_youtube__videos says why).
{{ config(enabled='youtube' in var('social_platforms')) }}

with

videos as (

    select
        *,
        {{ business_date('captured_at', "'America/Los_Angeles'") }} as captured_pacific_date,
        {{ business_date('published_at', "'America/Los_Angeles'") }} as published_pacific_date
    from {{ ref('stg_youtube__videos') }}
    where title is not null

),

names as (

    select * from {{ ref('stg_youtube__channel_names') }}

),

definitions as (

    select * from {{ ref('stg_youtube__view_definitions') }}

),

final as (

    select
        'youtube' as platform,
        videos.connection_id,
        videos.video_id as post_id,
        names.handle_key,
        videos.snapshot_date,
        videos.captured_at,
        case when names.is_own_channel then 'own_account' else 'public' end as access_path,
        'total' as metric_scope,
        -- A lifetime counter that spans a change of definition is neither the one nor the other.
        case
            when published.metric_definition_version = captured.metric_definition_version
                then captured.metric_definition_version
            else captured.metric_definition_version || '_mixed'
        end as metric_definition_version,
        -- The API does not name Shorts; they last at most three minutes.
        case when videos.duration_seconds between 1 and 180 then 'reel' else 'feed' end
            as content_format,
        videos.title || coalesce(' ' || videos.description, '') as caption,
        'https://www.youtube.com/watch?v=' || videos.video_id as permalink,
        videos.published_at,
        videos.published_date,
        videos.likes_count,
        videos.comments_count,
        cast(null as bigint) as shares_count,
        cast(null as bigint) as saves_count,
        cast(null as bigint) as reach_count,
        videos.views_count,
        cast(null as bigint) as link_click_count,
        cast(null as numeric) as watch_seconds,
        videos.load_id,
        cast(null as bigint) as insight_load_id
    from videos
    left join names
        on
            videos.connection_id = names.connection_id
            and videos.channel_id = names.channel_id
    inner join definitions as captured
        on
            videos.captured_pacific_date >= captured.valid_from
            and videos.captured_pacific_date < captured.valid_before
    left join definitions as published
        on
            videos.published_pacific_date >= published.valid_from
            and videos.published_pacific_date < published.valid_before

)

select * from final
