-- One row per campaign and post that belongs to it: posted by one of its creators while it ran,
-- with its hashtag, the creator's code or a mention of the brand in the caption, or near enough to
-- a promised piece of that format and not plainly something else: a caption that can be read and
-- shows none of what was asked for, no disclosure and no address is the creator's own post. Whether
-- a post belongs hangs on that post and the plan alone, so later posts never take it out again.
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

-- Joined, not looked for post by post: each post would go through the codes of all creators.
coded_posts as (

    select
        creator_posts.campaign_id,
        creator_posts.creator_id,
        creator_posts.platform,
        creator_posts.post_id,
        max(
            case when position(lower(codes.code_key) in creator_posts.caption) > 0 then 1 else 0 end
        ) as has_code
    from creator_posts
    inner join {{ ref('stg_campaign_plan__codes') }} as codes
        on
            creator_posts.campaign_id = codes.campaign_id
            and creator_posts.creator_id = codes.creator_id
    group by
        creator_posts.campaign_id,
        creator_posts.creator_id,
        creator_posts.platform,
        creator_posts.post_id

),

signs as (

    select
        creator_posts.*,
        coalesce(creator_posts.caption like '%#' || creator_posts.hashtag_key || '%', false)
            as has_hashtag,
        coalesce(coded_posts.has_code = 1, false) as has_code,
        exists(
            select 1
            from {{ ref('stg_campaign_plan__brand_accounts') }} as brands
            where
                creator_posts.campaign_id = brands.campaign_id
                and creator_posts.platform = brands.platform
                and position('@' || brands.handle_key in creator_posts.caption) > 0
        ) as has_mention,
        creator_posts.hashtag_key is not null
        or coded_posts.has_code is not null
        or exists (
            select 1
            from {{ ref('stg_campaign_plan__brand_accounts') }} as brands
            where
                creator_posts.campaign_id = brands.campaign_id
                and creator_posts.platform = brands.platform
        ) as is_sign_asked,
        disclosures.has_label is not true
        and disclosures.caption_position is null
        and creator_posts.caption <> ''
        and not creator_posts.caption ~ '(https?://|www[.])' as says_nothing
    from creator_posts
    left join {{ ref('int_post_disclosures') }} as disclosures
        on
            creator_posts.platform = disclosures.platform
            and creator_posts.post_id = disclosures.post_id
    left join coded_posts
        on
            creator_posts.campaign_id = coded_posts.campaign_id
            and creator_posts.creator_id = coded_posts.creator_id
            and creator_posts.platform = coded_posts.platform
            and creator_posts.post_id = coded_posts.post_id

),

-- How many pieces of the post's format were promised, and how far the nearest of them is.
promises as (

    select
        signs.campaign_id,
        signs.platform,
        signs.post_id,
        count(*) as promised_count,
        min(abs(signs.published_date - deliverables.planned_date)) as day_distance
    from signs
    inner join {{ ref('stg_campaign_plan__deliverables') }} as deliverables
        on
            signs.campaign_id = deliverables.campaign_id
            and signs.creator_id = deliverables.creator_id
            and signs.platform = deliverables.platform
            and signs.content_format = deliverables.content_format
    group by signs.campaign_id, signs.platform, signs.post_id

),

-- Of more posts than pieces, those that show a sign are the pieces first, then the nearest.
members as (

    select
        signs.*,
        row_number() over (
            partition by
                signs.campaign_id, signs.creator_id, signs.platform, signs.content_format
            order by
                case
                    when signs.has_hashtag or signs.has_code or signs.has_mention then 0
                    else 1
                end,
                promises.day_distance,
                signs.published_at,
                signs.post_id
        ) > coalesce(promises.promised_count, 0) as is_beyond_promise
    from signs
    left join promises
        on
            signs.campaign_id = promises.campaign_id
            and signs.platform = promises.platform
            and signs.post_id = promises.post_id
    where
        signs.has_hashtag
        or signs.has_code
        or signs.has_mention
        or (
            promises.day_distance <= {{ match_days('signs.content_format') }}
            and not (signs.is_sign_asked and signs.says_nothing)
        )

),

followers as (

    select
        members.campaign_id,
        members.platform,
        members.post_id,
        account_days.followers_count,
        row_number() over (
            partition by members.campaign_id, members.platform, members.post_id
            order by account_days.snapshot_date desc, {{ access_rank('account_days.access_path') }}
        ) as recency
    from members
    inner join {{ ref('fct_account_daily') }} as account_days
        on
            members.platform = account_days.platform
            and members.handle = account_days.handle
            and members.published_date >= account_days.snapshot_date
            and members.published_date - {{ var('followers_snapshot_days') }}
            <= account_days.snapshot_date
            and account_days.followers_count is not null

),

final as (

    select
        members.campaign_id,
        members.creator_id,
        members.platform,
        members.post_id,
        members.handle,
        members.content_format,
        members.published_at,
        members.published_date,
        members.permalink,
        members.access_path,
        members.first_snapshot_date,
        members.last_snapshot_date,
        members.first_load_id,
        members.has_hashtag,
        members.has_code,
        members.has_mention,
        followers.followers_count as followers_at_publish_count,
        row_number() over (
            partition by
                members.campaign_id, members.creator_id, members.platform, members.content_format
            order by members.is_beyond_promise, members.published_at, members.post_id
        ) as piece_number
    from members
    left join followers
        on
            members.campaign_id = followers.campaign_id
            and members.platform = followers.platform
            and members.post_id = followers.post_id
            and followers.recency = 1

)

select * from final
