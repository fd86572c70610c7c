-- One row per campaign, platform, metric and observation: what people said of the brand and how
-- they came to its site, before the campaign and while it ran. An observation is a day (posts,
-- sessions: a sum of weight 1) or a post (comments: sum of scores, weight their number), so one
-- formula gives every mean and its error. Days and posts are taken as independent of each other.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select
        campaigns.campaign_id,
        campaigns.start_date,
        campaigns.hashtag,
        {{ days_after('campaigns.start_date', -var('brand_baseline_days')) }} as first_date,
        least(campaigns.end_date, facts.last_day) as last_date
    from {{ ref('dim_campaign') }} as campaigns
    cross join facts

),

brands as (

    select distinct
        campaign_id,
        platform,
        handle_key
    from {{ ref('stg_campaign_plan__brand_accounts') }}

),

-- A post that tags the brand need not name it in its caption.
tagged as (

    select distinct media_id as post_id
    from {{ ref('stg_instagram__tags') }}

),

all_posts as (

    select
        platform,
        post_id,
        handle,
        published_date,
        lower(coalesce(caption, '')) as caption
    from {{ ref('fct_post') }}

    union all

    select
        'instagram' as platform,
        tags.media_id as post_id,
        min(tags.handle_key) as handle,
        min(tags.published_date) as published_date,
        lower(coalesce(max(tags.caption), '')) as caption
    from {{ ref('stg_instagram__tags') }} as tags
    left join {{ ref('fct_post') }} as known
        on tags.media_id = known.post_id and known.platform = 'instagram'
    where known.post_id is null
    group by tags.media_id

),

-- Lists of posts reach back beyond the day they were first read: to the oldest post they hold.
readable as (

    select
        platform,
        min(published_date) as first_date
    from all_posts
    group by platform

),

creators as (

    select distinct
        campaign_id,
        platform,
        handle_key
    from {{ ref('stg_campaign_plan__creator_accounts') }}

),

signs as (

    select
        campaigns.campaign_id,
        all_posts.platform,
        all_posts.post_id,
        all_posts.published_date,
        position('#' || campaigns.hashtag in all_posts.caption) > 0 as has_hashtag,
        tagged.post_id is not null
        or position('@' || brands.handle_key in all_posts.caption) > 0 as has_mention,
        creators.handle_key is null as is_earned
    from campaigns
    inner join brands on campaigns.campaign_id = brands.campaign_id
    inner join all_posts
        on
            brands.platform = all_posts.platform
            and campaigns.first_date <= all_posts.published_date
            and campaigns.last_date >= all_posts.published_date
            and all_posts.handle is distinct from brands.handle_key
    left join tagged on all_posts.platform = 'instagram' and all_posts.post_id = tagged.post_id
    left join creators
        on
            campaigns.campaign_id = creators.campaign_id
            and all_posts.platform = creators.platform
            and all_posts.handle = creators.handle_key

),

post_days as (

    select
        campaigns.campaign_id,
        readable.platform,
        cast(calendar.calendar_day as date) as observed_date
    from campaigns
    inner join brands on campaigns.campaign_id = brands.campaign_id
    inner join readable on brands.platform = readable.platform
    cross join
        lateral generate_series(
            greatest(campaigns.first_date, readable.first_date),
            campaigns.last_date,
            interval '1 day'
        ) as calendar (calendar_day)

),

post_counts as (

    select
        post_days.campaign_id,
        post_days.platform,
        post_days.observed_date,
        {{ count_where('signs.has_hashtag') }} as hashtag_posts,
        {{ count_where('signs.has_mention') }} as brand_mentions,
        {{ count_where('signs.is_earned and (signs.has_hashtag or signs.has_mention)') }}
            as earned_posts
    from post_days
    left join signs
        on
            post_days.campaign_id = signs.campaign_id
            and post_days.platform = signs.platform
            and post_days.observed_date = signs.published_date
    group by post_days.campaign_id, post_days.platform, post_days.observed_date

),

read_days as (

    select distinct session_date
    from {{ ref('stg_ga4__session_totals') }}

),

source_days as (

    select
        session_date,
        sum(case when session_source = '(direct)' then session_count else 0 end) as direct_count,
        sum(case when session_medium = 'organic' then session_count else 0 end)
            as organic_search_count
    from {{ ref('fct_web_session_daily') }}
    group by session_date

),

session_counts as (

    select
        campaigns.campaign_id,
        'ga4' as platform,
        read_days.session_date as observed_date,
        coalesce(source_days.direct_count, 0) as direct_sessions,
        coalesce(source_days.organic_search_count, 0) as organic_search_sessions
    from campaigns
    inner join read_days
        on
            campaigns.first_date <= read_days.session_date
            and campaigns.last_date >= read_days.session_date
    left join source_days on read_days.session_date = source_days.session_date

),

post_comments as (

    select
        campaigns.campaign_id,
        scored.platform,
        scored.post_id,
        scored.commented_date < campaigns.start_date as is_baseline,
        min(scored.commented_date) as observed_date,
        sum(scored.sentiment_score) as observed_sum,
        count(*) as weight
    from campaigns
    inner join {{ ref('fct_comment') }} as scored
        on
            campaigns.first_date <= scored.commented_date
            and campaigns.last_date >= scored.commented_date
            and scored.sentiment_score is not null
            and not coalesce(scored.is_by_account, false)
    inner join {{ ref('dim_creator') }} as creators
        on
            campaigns.campaign_id = creators.campaign_id
            and scored.creator_id = creators.creator_id
    group by
        campaigns.campaign_id,
        scored.platform,
        scored.post_id,
        scored.commented_date < campaigns.start_date

),

observed as (
    {% for metric in ['hashtag_posts', 'brand_mentions', 'earned_posts'] %}
    select
        campaign_id,
        platform,
        '{{ metric }}' as metric,
        observed_date,
        {{ metric }} as observed_sum,
        1 as weight
    from post_counts

    union all
    {% endfor %}
    {% for metric in ['direct_sessions', 'organic_search_sessions'] %}
    select
        campaign_id,
        platform,
        '{{ metric }}' as metric,
        observed_date,
        {{ metric }} as observed_sum,
        1 as weight
    from session_counts

    union all
    {% endfor %}
    select
        campaign_id,
        platform,
        'comment_sentiment' as metric,
        observed_date,
        observed_sum,
        weight
    from post_comments

),

final as (

    select
        observed.campaign_id,
        observed.platform,
        observed.metric,
        observed.observed_date,
        case
            when observed.observed_date >= campaigns.start_date then 'campaign' else 'baseline'
        end as period,
        observed.observed_date
        >= {{ days_after('campaigns.start_date', -(var('brand_baseline_days') // 2)) }}
            as is_later_half,
        cast(observed.observed_sum as numeric) as observed_sum,
        cast(observed.weight as numeric) as weight
    from observed
    inner join campaigns on observed.campaign_id = campaigns.campaign_id

)

select * from final
