-- One row per campaign and creator whose campaign posts can stand beside the creator's own: likes
-- and comments a view at post age 7 days, on the main account, of one access path and definition.
-- Formats differ, so a campaign post is compared with own posts of its format. Own are posts of the
-- weeks before and during the campaign that are no campaign's and disclose no partnership.
with

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

matched as (

    select * from {{ ref('int_posts_matched') }}

),

campaign_posts as (

    select distinct
        platform,
        post_id
    from matched

),

aged as (

    select
        creators.campaign_id,
        creators.creator_id,
        posts.content_format,
        aged.access_path,
        aged.metric_scope,
        aged.metric_definition_version,
        matched.post_id is not null as is_sponsored,
        cast(aged.likes_count + aged.comments_count as numeric) as engagement_count,
        cast(aged.views_count as numeric) as views_count,
        ln(aged.likes_count + aged.comments_count + 0.5) - ln(aged.views_count) as log_rate
    from {{ ref('dim_creator') }} as creators
    inner join campaigns on creators.campaign_id = campaigns.campaign_id
    inner join {{ ref('fct_post') }} as posts
        on
            creators.platform = posts.platform
            and creators.handle = posts.handle
            and posts.content_format <> 'story'
            and {{ days_after('campaigns.start_date', '-' ~ var('brand_baseline_days')) }}
            <= posts.published_date
            and campaigns.end_date >= posts.published_date
    inner join {{ ref('fct_post_metrics_daily') }} as aged
        on
            posts.platform = aged.platform
            and posts.post_id = aged.post_id
            and aged.post_age_days = 7
            and aged.views_count > 0
            and aged.likes_count is not null
            and aged.comments_count is not null
    left join {{ ref('int_post_disclosures') }} as disclosures
        on
            posts.platform = disclosures.platform
            and posts.post_id = disclosures.post_id
    left join matched
        on
            creators.campaign_id = matched.campaign_id
            and posts.platform = matched.platform
            and posts.post_id = matched.post_id
    left join campaign_posts
        on
            posts.platform = campaign_posts.platform
            and posts.post_id = campaign_posts.post_id
    where
        matched.post_id is not null
        or (
            disclosures.disclosure_status in ('absent', 'unknown')
            and campaign_posts.post_id is null
        )

),

own_formats as (

    select
        campaign_id,
        creator_id,
        access_path,
        metric_scope,
        metric_definition_version,
        content_format,
        count(*) as post_count,
        sum(engagement_count) / sum(views_count) as engagement_rate,
        sum(views_count * views_count) / (sum(views_count) * sum(views_count)) as views_evenness,
        (count(*) - 1) * var_samp(log_rate) as log_deviation
    from aged
    where not is_sponsored
    group by
        campaign_id,
        creator_id,
        access_path,
        metric_scope,
        metric_definition_version,
        content_format

),

formats as (

    select
        aged.campaign_id,
        aged.creator_id,
        aged.access_path,
        aged.metric_scope,
        aged.metric_definition_version,
        aged.content_format,
        own_formats.post_count as organic_post_count,
        own_formats.views_evenness,
        own_formats.log_deviation,
        count(*) as sponsored_post_count,
        sum(aged.engagement_count) as engagement_count,
        sum(aged.views_count) * own_formats.engagement_rate as expected_count,
        sum(aged.views_count * aged.views_count)
        * own_formats.engagement_rate * own_formats.engagement_rate as expected_squares
    from aged
    inner join own_formats
        on
            aged.campaign_id = own_formats.campaign_id
            and aged.creator_id = own_formats.creator_id
            and aged.access_path = own_formats.access_path
            and aged.metric_scope = own_formats.metric_scope
            and aged.metric_definition_version = own_formats.metric_definition_version
            and aged.content_format = own_formats.content_format
    where aged.is_sponsored
    group by
        aged.campaign_id,
        aged.creator_id,
        aged.access_path,
        aged.metric_scope,
        aged.metric_definition_version,
        aged.content_format,
        own_formats.post_count,
        own_formats.views_evenness,
        own_formats.engagement_rate,
        own_formats.log_deviation

),

compared as (

    select
        campaign_id,
        creator_id,
        access_path,
        {{ sum_count('sponsored_post_count') }} as sponsored_post_count,
        {{ sum_count('organic_post_count') }} as organic_post_count,
        sum(engagement_count) as engagement_count,
        sum(expected_count) as expected_count,
        sum(log_deviation) as log_deviation,
        sum(organic_post_count - 1) as freedom,
        -- Few posts, or one that has most of the views, tell little: squared weights add up.
        (sum(expected_squares) + sum(expected_count * expected_count * views_evenness))
        / (sum(expected_count) * sum(expected_count)) as weight_squares,
        row_number() over (
            partition by campaign_id, creator_id
            order by
                sum(sponsored_post_count) desc,
                {{ access_rank('access_path') }},
                metric_scope,
                metric_definition_version
        ) as place
    from formats
    group by campaign_id, creator_id, access_path, metric_scope, metric_definition_version
    having sum(expected_count) > 0

),

-- How much posts of one creator and format differ by luck is alike for all, and two or three posts
-- of one creator cannot tell: all creators' own posts do together.
spreads as (

    select
        campaign_id,
        sum(freedom) as freedom,
        sum(log_deviation) / nullif(sum(freedom), 0) as log_variance
    from compared
    where place = 1
    group by campaign_id

),

final as (

    select
        compared.campaign_id,
        compared.creator_id,
        compared.access_path,
        compared.sponsored_post_count,
        compared.organic_post_count,
        cast(compared.engagement_count as bigint) as sponsored_engagement_count,
        {{ share_count('compared.expected_count') }} as organic_expected_engagement_count,
        cast(
            case
                when spreads.freedom >= 3 and compared.engagement_count > 0
                    then
                        exp(
                            {{ student_t95('spreads.freedom') }}
                            * sqrt(spreads.log_variance * compared.weight_squares)
                        )
            end as numeric(18, 6)
        ) as uncertainty_factor
    from compared
    inner join spreads on compared.campaign_id = spreads.campaign_id
    where compared.place = 1

)

select * from final
