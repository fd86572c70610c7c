-- One row per promised piece: the n-th piece of a format is the creator's n-th post of that format.
-- A piece nobody lets us see is unverifiable, never missing: it counts as live on its planned day,
-- so that creators who did not connect their account do not look cheaper.
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

matched as (

    select
        deliverables.campaign_id,
        deliverables.creator_id,
        deliverables.deliverable_id,
        deliverables.platform,
        deliverables.content_format,
        deliverables.planned_date,
        deliverables.due_date,
        posts.post_id,
        posts.published_date,
        posts.post_id is null and (
            coalesce(accounts.access_path, 'none') = 'none'
            or (
                deliverables.content_format = 'story'
                and not {{ is_story_path('accounts.access_path') }}
            )
        ) as is_unverifiable
    from deliverables
    left join accounts
        on
            deliverables.campaign_id = accounts.campaign_id
            and deliverables.creator_id = accounts.creator_id
            and deliverables.platform = accounts.platform
    left join {{ ref('int_posts_matched') }} as posts
        on
            deliverables.campaign_id = posts.campaign_id
            and deliverables.creator_id = posts.creator_id
            and deliverables.platform = posts.platform
            and deliverables.content_format = posts.content_format
            and deliverables.piece_number = posts.piece_number

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
