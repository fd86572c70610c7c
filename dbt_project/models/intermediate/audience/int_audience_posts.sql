-- One row per campaign and post of a creator's account, a week old or older, whose likes and
-- comments are known: any post that was read, not only the campaign's. Stories show neither.
with

accounts as (

    select * from {{ ref('stg_campaign_plan__creator_accounts') }}

),

-- The newest day on which anybody saw both, and of that day the richest path.
ranked as (

    select
        platform,
        post_id,
        settled_engagement_basic_count as engagement_basic_count,
        row_number() over (
            partition by platform, post_id
            order by settled_date desc, {{ access_rank('access_path') }}
        ) as recency
    from {{ ref('int_posts_measured') }}
    where settled_date is not null

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
