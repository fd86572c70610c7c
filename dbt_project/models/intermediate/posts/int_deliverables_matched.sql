-- One row per promised piece: the n-th piece of a format is the creator's n-th post of that format;
-- a story, of which we may have missed earlier ones, belongs to the piece planned nearest to it.
-- A piece nobody lets us see is unverifiable, never missing: it counts as live on its planned day,
-- so that creators who did not connect their account do not look cheaper. A story is gone after a
-- day, so one that was planned before we began to look is unverifiable too.
with

deliverables as (

    select
        *,
        row_number() over (
            partition by campaign_id, creator_id, platform, content_format
            order by planned_date, deliverable_id
        ) as piece_number
    from {{ ref('stg_campaign_plan__deliverables') }}

),

accounts as (

    select
        campaign_id,
        creator_id,
        platform,
        min(access_path) as access_path
    from {{ ref('stg_campaign_plan__creator_accounts') }}
    group by campaign_id, creator_id, platform

),

watched_stories as (

    select
        source as platform,
        min({{ business_date('window_start', reporting_timezone()) }}) as first_date
    from {{ source('quality', 'load_windows') }}
    where stream = 'stories' and status = 'loaded'
    group by source

),

-- Nearest to each other from both sides: every piece has one post at most, and the other way round.
paired as (

    select
        deliverables.campaign_id,
        deliverables.creator_id,
        deliverables.deliverable_id,
        posts.post_id,
        posts.published_date,
        row_number() over (
            partition by
                deliverables.campaign_id, deliverables.creator_id, deliverables.deliverable_id
            order by
                {{ piece_distance('deliverables', 'posts') }},
                posts.published_at,
                posts.post_id
        ) as post_place,
        row_number() over (
            partition by posts.campaign_id, posts.platform, posts.post_id
            order by
                {{ piece_distance('deliverables', 'posts') }},
                deliverables.planned_date,
                deliverables.deliverable_id
        ) as piece_place
    from deliverables
    inner join {{ ref('int_posts_matched') }} as posts
        on
            deliverables.campaign_id = posts.campaign_id
            and deliverables.creator_id = posts.creator_id
            and deliverables.platform = posts.platform
            and deliverables.content_format = posts.content_format
    where
        {{ piece_distance('deliverables', 'posts') }}
        <= case
            when deliverables.content_format = 'story' then {{ var('story_match_days') }}
            else 0
        end

),

matched as (

    select
        deliverables.campaign_id,
        deliverables.creator_id,
        deliverables.deliverable_id,
        deliverables.platform,
        deliverables.content_format,
        deliverables.planned_date,
        deliverables.due_date,
        deliverables.content_mechanic,
        paired.post_id,
        paired.published_date,
        paired.post_id is null and (
            coalesce(accounts.access_path, 'none') = 'none'
            or (
                deliverables.content_format = 'story'
                and (
                    not {{ is_story_path('accounts.access_path') }}
                    or watched_stories.first_date is null
                    or deliverables.planned_date
                    < {{ days_after('watched_stories.first_date', var('story_match_days')) }}
                )
            )
        ) as is_unverifiable
    from deliverables
    left join watched_stories on deliverables.platform = watched_stories.platform
    left join accounts
        on
            deliverables.campaign_id = accounts.campaign_id
            and deliverables.creator_id = accounts.creator_id
            and deliverables.platform = accounts.platform
    left join paired
        on
            deliverables.campaign_id = paired.campaign_id
            and deliverables.creator_id = paired.creator_id
            and deliverables.deliverable_id = paired.deliverable_id
            and paired.post_place = 1
            and paired.piece_place = 1

),

final as (

    select
        matched.*,
        case
            when matched.post_id is not null then matched.published_date
            when matched.is_unverifiable then matched.planned_date
        end as live_date
    from matched

)

select * from final
