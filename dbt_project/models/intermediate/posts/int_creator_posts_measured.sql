-- One row per campaign and creator. Numbers of two platforms, access paths, scopes or definitions
-- are not one number: of the creator's main account one group is measured, that of the account's
-- own path if there is one, else the one with most posts. post_count counts all. Giveaways buy
-- their comments: the numbers at age 7 days, by which creators are ranked, leave them out.
with

giveaways as (

    select
        campaign_id,
        platform,
        post_id
    from {{ ref('int_deliverables_matched') }}
    where content_mechanic = 'giveaway' and post_id is not null

),

compared as (

    select
        posts.*,
        case when giveaways.post_id is null then posts.views_day7_count end
            as compared_views_count,
        case when giveaways.post_id is null then posts.engagement_basic_day7_count end
            as compared_engagement_count
    from {{ ref('int_post_metrics_latest') }} as posts
    left join giveaways
        on
            posts.campaign_id = giveaways.campaign_id
            and posts.platform = giveaways.platform
            and posts.post_id = giveaways.post_id

),

posts as (

    select
        *,
        case when compared_engagement_count is not null then nullif(compared_views_count, 0) end
            as day7_views_count,
        ln(compared_engagement_count + 0.5) - ln(nullif(compared_views_count, 0))
            as day7_log_rate
    from compared

),

post_counts as (

    select
        campaign_id,
        creator_id,
        count(*) as post_count,
        count(distinct platform) as platform_count
    from posts
    group by campaign_id, creator_id

),

alike as (

    select
        posts.campaign_id,
        posts.creator_id,
        posts.metric_scope,
        posts.metric_definition_version,
        count(*) as measured_post_count,
        {{ sum_count('posts.likes_count') }} as likes_count,
        {{ sum_count('posts.comments_count') }} as comments_count,
        {{ sum_count('posts.shares_count') }} as shares_count,
        {{ sum_count('posts.saves_count') }} as saves_count,
        {{ sum_count('posts.views_count') }} as views_count,
        {{ sum_count('posts.reach_count') }} as gross_reach_count,
        {{ sum_count('posts.followers_at_publish_count') }} as gross_followers_count,
        {{ sum_count('posts.link_click_count') }} as platform_click_count,
        {{ sum_count('posts.engagement_count') }} as engagement_count,
        {{ sum_count('posts.engagement_basic_count') }} as engagement_basic_count,
        {{ sum_count('posts.compared_views_count') }} as views_day7_count,
        {{ sum_count('posts.compared_engagement_count') }} as engagement_basic_day7_count,
        -- A rate of sums holds only posts whose numerator and denominator are both known.
        {{ ratio_of_sums(
            'posts.engagement_basic_count + posts.shares_count', 'posts.reach_count'
        ) }} as er_by_reach,
        {{ ratio_of_sums('posts.engagement_basic_count', 'posts.followers_at_publish_count') }}
            as er_by_followers,
        {{ ratio_of_sums('posts.engagement_count', 'posts.views_count') }} as er_by_views,
        {{ ratio_of_sums('posts.engagement_basic_count', 'posts.views_count') }}
            as er_basic_by_views,
        {{ ratio_of_sums('posts.compared_engagement_count', 'posts.compared_views_count') }}
            as er_basic_by_views_day7,
        -- For the spread between posts of one creator, and how far so few can be trusted.
        count(posts.day7_log_rate) - 1 as day7_freedom,
        (count(posts.day7_log_rate) - 1) * var_samp(posts.day7_log_rate) as day7_log_deviation,
        sum(posts.day7_views_count * posts.day7_views_count)
        / (sum(posts.day7_views_count) * sum(posts.day7_views_count)) as day7_weight_squares,
        row_number() over (
            partition by posts.campaign_id, posts.creator_id
            order by
                case when posts.access_path = creators.access_path then 0 else 1 end,
                count(*) desc,
                {{ access_rank('posts.access_path') }},
                posts.metric_scope,
                posts.metric_definition_version
        ) as place
    from posts
    inner join {{ ref('dim_creator') }} as creators
        on
            posts.campaign_id = creators.campaign_id
            and posts.creator_id = creators.creator_id
            and posts.platform = creators.platform
    group by
        posts.campaign_id,
        posts.creator_id,
        creators.access_path,
        posts.access_path,
        posts.metric_scope,
        posts.metric_definition_version

),

-- Two or three posts cannot tell how much posts differ by luck: those of all creators do together.
spreads as (

    select
        campaign_id,
        sum(day7_freedom) as freedom,
        sum(day7_log_deviation) / nullif(sum(day7_freedom), 0) as log_variance
    from alike
    where place = 1 and day7_freedom >= 0
    group by campaign_id

),

final as (

    select
        post_counts.campaign_id,
        post_counts.creator_id,
        post_counts.post_count,
        post_counts.platform_count,
        coalesce(alike.measured_post_count, 0) as measured_post_count,
        alike.metric_scope,
        alike.metric_definition_version,
        alike.likes_count,
        alike.comments_count,
        alike.shares_count,
        alike.saves_count,
        alike.views_count,
        alike.gross_reach_count,
        alike.gross_followers_count,
        alike.platform_click_count,
        alike.engagement_count,
        alike.engagement_basic_count,
        alike.views_day7_count,
        alike.engagement_basic_day7_count,
        alike.er_by_reach,
        alike.er_by_followers,
        alike.er_by_views,
        alike.er_basic_by_views,
        alike.er_basic_by_views_day7,
        cast(
            case
                when spreads.freedom >= 3
                    then
                        exp(
                            {{ student_t95('spreads.freedom') }}
                            * sqrt(spreads.log_variance * alike.day7_weight_squares)
                        )
            end as numeric(18, 6)
        ) as day7_uncertainty_factor
    from post_counts
    left join alike
        on
            post_counts.campaign_id = alike.campaign_id
            and post_counts.creator_id = alike.creator_id
            and alike.place = 1
    left join spreads on post_counts.campaign_id = spreads.campaign_id

)

select * from final
