-- One row per campaign and post that belongs to it: posted by one of its creators while it ran,
-- with its hashtag, the creator's code or a mention of the brand in the caption, or near enough to
-- a promised piece of that format.
{{ config(
    materialized='table',
    pre_hook='{{ join_whole_tables() }}',
    post_hook='analyze {{ this }}',
) }}

with

posts as (

    select * from {{ ref('fct_post') }}

),

campaigns as (

    select * from {{ ref('stg_campaign_plan__campaigns') }}

),

creator_posts as (

    select distinct
        campaigns.campaign_id,
        creator_accounts.creator_id,
        campaigns.hashtag_key,
        posts.platform,
        posts.post_id,
        posts.handle,
        posts.content_format,
        posts.published_at,
        posts.published_date,
        posts.permalink,
        posts.access_path,
        posts.first_snapshot_date,
        posts.last_snapshot_date,
        posts.first_load_id,
        lower(coalesce(posts.caption, '')) as caption
    from posts
    inner join {{ ref('stg_campaign_plan__creator_accounts') }} as creator_accounts
        on
            posts.platform = creator_accounts.platform
            and posts.handle = creator_accounts.handle_key
    inner join campaigns
        on
            creator_accounts.campaign_id = campaigns.campaign_id
            and posts.published_date >= campaigns.start_date
            and posts.published_date <= campaigns.end_date

),

signs as (

    select
        creator_posts.*,
        coalesce(creator_posts.caption like '%#' || creator_posts.hashtag_key || '%', false)
            as has_hashtag,
        exists(
            select 1
            from {{ ref('stg_campaign_plan__codes') }} as codes
            where
                creator_posts.campaign_id = codes.campaign_id
                and creator_posts.creator_id = codes.creator_id
                and position(lower(codes.code_key) in creator_posts.caption) > 0
        ) as has_code,
        exists(
            select 1
            from {{ ref('stg_campaign_plan__brand_accounts') }} as brands
            where
                creator_posts.campaign_id = brands.campaign_id
                and creator_posts.platform = brands.platform
                and position('@' || brands.handle_key in creator_posts.caption) > 0
        ) as has_mention,
        exists(
            select 1
            from {{ ref('stg_campaign_plan__deliverables') }} as deliverables
            where
                creator_posts.campaign_id = deliverables.campaign_id
                and creator_posts.creator_id = deliverables.creator_id
                and creator_posts.platform = deliverables.platform
                and creator_posts.content_format = deliverables.content_format
                and abs(creator_posts.published_date - deliverables.planned_date)
                <= {{ match_days('deliverables.content_format') }}
        ) as is_near_deliverable
    from creator_posts

),

followers as (

    select
        signs.campaign_id,
        signs.platform,
        signs.post_id,
        account_days.followers_count,
        row_number() over (
            partition by signs.campaign_id, signs.platform, signs.post_id
            order by account_days.snapshot_date desc, {{ access_rank('account_days.access_path') }}
        ) as recency
    from signs
    inner join {{ ref('fct_account_daily') }} as account_days
        on
            signs.platform = account_days.platform
            and signs.handle = account_days.handle
            and signs.published_date >= account_days.snapshot_date
            and signs.published_date - {{ var('followers_snapshot_days') }}
            <= account_days.snapshot_date
            and account_days.followers_count is not null

),

final as (

    select
        signs.campaign_id,
        signs.creator_id,
        signs.platform,
        signs.post_id,
        signs.handle,
        signs.content_format,
        signs.published_at,
        signs.published_date,
        signs.permalink,
        signs.access_path,
        signs.first_snapshot_date,
        signs.last_snapshot_date,
        signs.first_load_id,
        signs.has_hashtag,
        signs.has_code,
        signs.has_mention,
        followers.followers_count as followers_at_publish_count,
        row_number() over (
            partition by
                signs.campaign_id, signs.creator_id, signs.platform, signs.content_format
            order by signs.published_at, signs.post_id
        ) as piece_number
    from signs
    left join followers
        on
            signs.campaign_id = followers.campaign_id
            and signs.platform = followers.platform
            and signs.post_id = followers.post_id
            and followers.recency = 1
    where
        signs.has_hashtag or signs.has_code or signs.has_mention or signs.is_near_deliverable

)

select * from final
