-- One row per campaign and post of a creator's account, a week old or older, whose likes and
-- comments are known: any post that was read, not only the campaign's. Stories show neither.
with

accounts as (

    select * from {{ ref('stg_campaign_plan__creator_accounts') }}

),

-- The newest day of each post is sought first: to sort every day of all posts costs three times as
-- much.
newest as (

    select
        platform,
        post_id,
        max(snapshot_date) as snapshot_date
    from {{ ref('fct_post_metrics_daily') }}
    where likes_count is not null and comments_count is not null and post_age_days >= 7
    group by platform, post_id

),

ranked as (

    select
        metrics.platform,
        metrics.post_id,
        metrics.likes_count + metrics.comments_count as engagement_basic_count,
        row_number() over (
            partition by metrics.platform, metrics.post_id
            order by {{ access_rank('metrics.access_path') }}
        ) as recency
    from newest
    inner join {{ ref('fct_post_metrics_daily') }} as metrics
        on
            newest.platform = metrics.platform
            and newest.post_id = metrics.post_id
            and newest.snapshot_date = metrics.snapshot_date
    where
        metrics.likes_count is not null
        and metrics.comments_count is not null
        and metrics.post_age_days >= 7

),

final as (

    select
        accounts.campaign_id,
        accounts.creator_id,
        posts.platform,
        posts.handle,
        posts.post_id,
        ranked.engagement_basic_count
    from {{ ref('fct_post') }} as posts
    inner join accounts
        on
            posts.platform = accounts.platform
            and posts.handle = accounts.handle_key
    inner join {{ ref('dim_campaign') }} as campaigns
        on
            accounts.campaign_id = campaigns.campaign_id
            and posts.published_date <= campaigns.end_date
    inner join ranked
        on
            posts.platform = ranked.platform
            and posts.post_id = ranked.post_id
            and ranked.recency = 1
    where posts.content_format <> 'story'

)

select * from final
