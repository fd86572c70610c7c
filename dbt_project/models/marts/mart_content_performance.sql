with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

creators as (

    select * from {{ ref('dim_creator') }}

),

posts as (

    select * from {{ ref('int_post_metrics_latest') }}

),

captions as (

    select
        platform,
        post_id,
        caption
    from {{ ref('fct_post') }}

),

-- What people think of the piece: every line of the rubric by every rater weighs as its best score.
ratings as (

    select
        platform,
        post_id,
        count(*) as content_rating_count,
        count(distinct rater) as content_rater_count,
        sum(score) as content_score_points,
        sum(max_score) as content_max_points
    from {{ ref('fct_content_rating') }}
    where post_id is not null
    group by platform, post_id

),

mechanics as (

    select
        campaign_id,
        platform,
        post_id,
        content_mechanic
    from {{ ref('int_deliverables_matched') }}
    where post_id is not null and content_mechanic is not null

),

-- A creator's link and code are the same on all posts, so a sale goes to the posts of the hours
-- before it, in equal parts; a sale without such a post stays with the creator alone. Few have one:
-- they are found before an order's entries are added up.
recent_posts as (

    select
        posts.campaign_id,
        posts.platform,
        posts.post_id,
        sum(credits.credit_share * credits.conversion_count) as credited_order_count,
        sum(credits.credit_amount) as net_revenue_amount,
        count(*) over (
            partition by
                posts.campaign_id, posts.creator_id, credits.connection_id, credits.order_id
        ) as recent_post_count
    from {{ ref('int_default_credits') }} as credits
    inner join posts
        on
            credits.campaign_id = posts.campaign_id
            and credits.creator_id = posts.creator_id
            and credits.ordered_at >= posts.published_at
            and {{ seconds_before('credits.ordered_at', var('post_sales_hours') * 3600) }}
            <= posts.published_at
    where credits.order_class = 'kept'
    group by
        posts.campaign_id,
        posts.creator_id,
        posts.platform,
        posts.post_id,
        credits.connection_id,
        credits.order_id

),

post_sales as (

    select
        campaign_id,
        platform,
        post_id,
        sum(credited_order_count / recent_post_count) as estimated_post_order_count,
        sum(net_revenue_amount / recent_post_count) as estimated_post_net_revenue_amount
    from recent_posts
    group by campaign_id, platform, post_id

),

final as (

    select
        posts.campaign_id,
        posts.platform,
        posts.post_id,
        posts.creator_id,
        creators.creator_name,
        posts.handle,
        posts.content_format,
        mechanics.content_mechanic,
        posts.published_at,
        posts.published_date,
        posts.permalink,
        captions.caption,
        -- What the plan does not name cannot be missing.
        case when campaigns.hashtag is not null then posts.has_hashtag end as has_hashtag,
        posts.has_code,
        posts.has_mention,
        posts.access_path,
        posts.metric_scope,
        posts.metric_definition_version,
        posts.measured_date,
        posts.followers_at_publish_count,
        posts.views_count,
        posts.reach_count,
        posts.likes_count,
        posts.comments_count,
        posts.shares_count,
        posts.saves_count,
        posts.engagement_count,
        posts.engagement_basic_count,
        posts.link_click_count,
        case when posts.link_click_count is not null then 'platform' end as click_source,
        posts.watch_seconds,
        {{ ratio('posts.engagement_basic_count + posts.shares_count', 'posts.reach_count') }}
            as er_by_reach,
        {{ ratio('posts.engagement_basic_count', 'posts.followers_at_publish_count') }}
            as er_by_followers,
        {{ ratio('posts.engagement_count', 'posts.views_count') }} as er_by_views,
        {{ ratio('posts.engagement_basic_count', 'posts.views_count') }} as er_basic_by_views,
        {{ rate_with_ends('ctr_by_views', 'posts.link_click_count', 'posts.views_count') }},
        {{ rate_with_ends('ctr_by_reach', 'posts.link_click_count', 'posts.reach_count') }},
        posts.views_day7_count,
        posts.reach_day7_count,
        posts.engagement_basic_day7_count,
        {{ ratio('posts.engagement_basic_day7_count', 'posts.views_day7_count') }}
            as er_basic_by_views_day7,
        posts.fall_count,
        {{ whole_count('ratings.content_rating_count') }} as content_rating_count,
        {{ whole_count('ratings.content_rater_count') }} as content_rater_count,
        {{ share_count('ratings.content_score_points') }} as content_score_points,
        {{ share_count('ratings.content_max_points') }} as content_max_points,
        {{ ratio('ratings.content_score_points', 'ratings.content_max_points') }}
            as content_score_rate,
        {{ share_count('coalesce(post_sales.estimated_post_order_count, 0)') }}
            as estimated_post_order_count,
        {{ amount('coalesce(post_sales.estimated_post_net_revenue_amount, 0)') }}
            as estimated_post_net_revenue_amount,
        true as is_estimated,
        campaigns.default_attribution_model as attribution_model,
        campaigns.default_rule_version as rule_version,
        campaigns.currency_code,
        {{ post_unavailable_reason('posts') }} as unavailable_reason,
        posts.measured_date - posts.published_date >= 7 and posts.views_day7_count is not null
            as is_final,
        facts.sources_present,
        facts.as_of_date
    from posts
    inner join campaigns on posts.campaign_id = campaigns.campaign_id
    inner join creators
        on
            posts.campaign_id = creators.campaign_id
            and posts.creator_id = creators.creator_id
    cross join facts
    left join captions
        on
            posts.platform = captions.platform
            and posts.post_id = captions.post_id
    left join ratings
        on
            posts.platform = ratings.platform
            and posts.post_id = ratings.post_id
    left join mechanics
        on
            posts.campaign_id = mechanics.campaign_id
            and posts.platform = mechanics.platform
            and posts.post_id = mechanics.post_id
    left join post_sales
        on
            posts.campaign_id = post_sales.campaign_id
            and posts.platform = post_sales.platform
            and posts.post_id = post_sales.post_id

)

select * from final
