with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

-- A campaign is hybrid when it has a macro creator beside smaller ones; its hybrid arm is all of
-- them.
hybrids as (

    select campaign_id
    from {{ ref('int_pieces_tiered') }}
    group by campaign_id
    having
        {{ count_where("tier = 'macro'") }} > 0
        and {{ count_where("tier in ('nano', 'micro')") }} > 0

),

pieces as (

    select
        windowed.*,
        windowed.tier as arm
    from {{ ref('int_pieces_windowed') }} as windowed

    union all

    select
        windowed.*,
        'hybrid' as arm
    from {{ ref('int_pieces_windowed') }} as windowed
    inner join hybrids on windowed.campaign_id = hybrids.campaign_id

),

delivered_by_tier as (

    select
        campaign_id,
        tier as arm,
        count(distinct creator_id) as creator_count,
        sum(delivered_cost_amount) as delivered_cost_amount
    from {{ ref('int_pieces_tiered') }}
    group by campaign_id, tier

),

delivered as (

    select * from delivered_by_tier

    union all

    select
        pieces.campaign_id,
        'hybrid' as arm,
        count(distinct pieces.creator_id) as creator_count,
        sum(pieces.delivered_cost_amount) as delivered_cost_amount
    from {{ ref('int_pieces_tiered') }} as pieces
    inner join hybrids on pieces.campaign_id = hybrids.campaign_id
    group by pieces.campaign_id

),

windows as (

    {{ comparison_windows() | indent(4) }}

),

-- Worth of a view or a like under the chosen rate set; none is chosen at first.
rates as (

    select
        platform,
        currency_code,
    {%- for engagement in ['view', 'like', 'comment', 'share', 'save'] %}
    max(case when engagement_type = '{{ engagement }}' then rate_amount end)
        as {{ engagement }}_rate_amount{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ ref('ref_emv_rate') }}
    where
        rate_set
        = '{{ var("earned_media_rate_set") or "" }}'
    group by platform, currency_code

),

-- Creators are the units of the intervals: two posts of one creator are alike.
creator_money as (

    select
        campaign_id,
        window_days,
        arm,
        creator_id,
        {{ count_where('is_counted') }} as counted_piece_count,
        {{ count_where('is_counted and is_tier_planned') }} as planned_tier_piece_count,
        count(*) as live_piece_count,
        {%- for measure in
            ['cost_amount', 'credited_order_count', 'net_revenue_amount']
            + ['session_count', 'session_purchase_count'] %}
    sum(case when is_counted then {{ measure }} end) as {{ measure }}
    {{- ',' if not loop.last }}
    {%- endfor %}
    from pieces
    group by campaign_id, window_days, arm, creator_id

),

money as (

    select
        campaign_id,
        window_days,
        arm,
        {{ count_where('counted_piece_count > 0') }} as counted_creator_count,
        {{ sum_count('counted_piece_count') }} as counted_piece_count,
        {{ sum_count('planned_tier_piece_count') }} as planned_tier_piece_count,
        {{ sum_count('live_piece_count') }} as live_piece_count,
        {{ sum_count('session_count') }} as session_count,
        {{ sum_count('session_purchase_count') }} as session_purchase_count,
        {{ ratio_moments('orders', 'credited_order_count', 'cost_amount') }},
        {{ ratio_moments('revenue', 'net_revenue_amount', 'cost_amount') }},
        {{ ratio_moments('purchases', 'session_purchase_count', 'session_count') }}
    from creator_money
    group by campaign_id, window_days, arm

),

-- A view is another thing on another platform or under another definition: never one rate.
creator_posts as (

    select
        pieces.campaign_id,
        pieces.window_days,
        pieces.arm,
        pieces.creator_id,
        pieces.platform,
        coalesce(pieces.metric_definition_version, 'none') as metric_definition_version,
        count(*) as counted_piece_count,
        {{ count_where('pieces.is_tier_planned') }} as planned_tier_piece_count,
        count(pieces.views_count) as measured_piece_count,
        sum(pieces.cost_amount) as cost_amount,
        sum(pieces.views_count) as views_count,
        sum(pieces.reach_count) as gross_reach_count,
        sum(pieces.engagement_basic_count) as engagement_basic_count,
        sum(pieces.engagement_count) as engagement_count,
        {%- for counter in ['views', 'reach', 'engagement_basic', 'engagement'] %}
        sum(case when pieces.{{ counter }}_count is not null then pieces.cost_amount end)
            as {{ counter }}_cost_amount,
        {%- endfor %}
        sum(
            case
                when pieces.followers_at_publish_count is not null
                    then pieces.engagement_basic_count
            end
        ) as follower_engagement_count,
        sum(
            case
                when pieces.engagement_basic_count is not null
                    then pieces.followers_at_publish_count
            end
        ) as followers_count,
        sum(case when pieces.views_count is not null then pieces.engagement_basic_count end)
            as viewed_engagement_count,
        sum(case when pieces.engagement_basic_count is not null then pieces.views_count end)
            as engaged_views_count,
        sum(
            case
                when rates.platform is not null and campaigns.currency_code = rates.currency_code
                    then
                        coalesce(pieces.views_count * rates.view_rate_amount, 0)
                        + coalesce(pieces.likes_count * rates.like_rate_amount, 0)
                        + coalesce(pieces.comments_count * rates.comment_rate_amount, 0)
                        + coalesce(pieces.shares_count * rates.share_rate_amount, 0)
                        + coalesce(pieces.saves_count * rates.save_rate_amount, 0)
            end
        ) as earned_media_amount
    from pieces
    inner join campaigns on pieces.campaign_id = campaigns.campaign_id
    left join rates on rates.platform in ('all', pieces.platform)
    where pieces.is_counted
    group by
        pieces.campaign_id,
        pieces.window_days,
        pieces.arm,
        pieces.creator_id,
        pieces.platform,
        coalesce(pieces.metric_definition_version, 'none')

),

posts as (

    select
        campaign_id,
        window_days,
        arm,
        platform,
        metric_definition_version,
        count(*) as counted_creator_count,
        {{ sum_count('counted_piece_count') }} as counted_piece_count,
        {{ sum_count('planned_tier_piece_count') }} as planned_tier_piece_count,
        {{ sum_count('measured_piece_count') }} as measured_piece_count,
        sum(cost_amount) as cost_amount,
        sum(earned_media_amount) as earned_media_amount,
        {{ ratio_moments('views', 'views_count', 'views_cost_amount') }},
        {{ ratio_moments('reach', 'gross_reach_count', 'reach_cost_amount') }},
        {{ ratio_moments('basic', 'engagement_basic_count', 'engagement_basic_cost_amount') }},
        {{ ratio_moments('complete', 'engagement_count', 'engagement_cost_amount') }},
        {{ ratio_moments('followers', 'follower_engagement_count', 'followers_count') }},
        {{ ratio_moments('viewed', 'viewed_engagement_count', 'engaged_views_count') }}
    from creator_posts
    group by campaign_id, window_days, arm, platform, metric_definition_version

),

boundaries as (

    select min(definition_set) as definition_set
    from {{ ref('ref_tier_boundary') }}
    where is_default

),

arms as (

    select
        delivered.campaign_id,
        windows.window_days,
        delivered.arm,
        'all' as platform,
        'all' as metric_definition_version,
        delivered.creator_count,
        delivered.delivered_cost_amount
    from delivered
    cross join windows

    union all

    select
        campaign_id,
        window_days,
        arm,
        platform,
        metric_definition_version,
        cast(null as bigint) as creator_count,
        cast(null as numeric) as delivered_cost_amount
    from posts

),

final as (

    select
        arms.campaign_id,
        arms.window_days,
        arms.arm,
        arms.platform,
        arms.metric_definition_version,
        boundaries.definition_set,
        campaigns.default_attribution_model as attribution_model,
        campaigns.default_rule_version as rule_version,
        campaigns.currency_code,
        arms.creator_count,
        {{ amount('arms.delivered_cost_amount') }} as delivered_cost_amount,
        {{ whole_count('coalesce(money.counted_creator_count, posts.counted_creator_count)') }}
            as counted_creator_count,
        money.live_piece_count,
        {{ whole_count('coalesce(money.counted_piece_count, posts.counted_piece_count)') }}
            as counted_piece_count,
        {{ whole_count(
            'coalesce(money.planned_tier_piece_count, posts.planned_tier_piece_count)'
        ) }}
            as planned_tier_piece_count,
        {{ ratio('money.counted_piece_count', 'money.live_piece_count') }} as maturity_rate,
        {{ amount('coalesce(money.orders_x, posts.cost_amount, 0)') }} as cost_amount,
        posts.measured_piece_count,
        cast(posts.views_y as bigint) as views_count,
        {{ amount('posts.views_x') }} as views_cost_amount,
        {{ cost_per('posts.views', 1000) }} as cpm,
        {{ cost_per_low('posts.views', 1000) }} as cpm_low,
        {{ cost_per_high('posts.views', 1000) }} as cpm_high,
        cast(posts.reach_y as bigint) as gross_reach_count,
        {{ amount('posts.reach_x') }} as reach_cost_amount,
        {{ cost_per('posts.reach', 1000) }} as cost_per_1000_reach,
        {{ cost_per_low('posts.reach', 1000) }} as cost_per_1000_reach_low,
        {{ cost_per_high('posts.reach', 1000) }} as cost_per_1000_reach_high,
        cast(posts.basic_y as bigint) as engagement_basic_count,
        {{ amount('posts.basic_x') }} as engagement_basic_cost_amount,
        posts.basic_n as engagement_basic_creator_count,
        {{ cost_per('posts.basic', 1) }} as cpe_basic,
        {{ cost_per_low('posts.basic', 1) }} as cpe_basic_low,
        {{ cost_per_high('posts.basic', 1) }} as cpe_basic_high,
        cast(posts.complete_y as bigint) as engagement_count,
        {{ amount('posts.complete_x') }} as engagement_cost_amount,
        {{ cost_per('posts.complete', 1) }} as cpe,
        {{ cost_per_low('posts.complete', 1) }} as cpe_low,
        {{ cost_per_high('posts.complete', 1) }} as cpe_high,
        cast(posts.followers_y as bigint) as follower_engagement_count,
        cast(posts.followers_x as bigint) as followers_at_publish_count,
        posts.followers_n as er_creator_count,
        {{ ratio('posts.followers_y', 'posts.followers_x') }} as er_by_followers,
        cast({{ ratio_low('posts.followers') }} as numeric(18, 6)) as er_by_followers_low,
        cast({{ ratio_high('posts.followers') }} as numeric(18, 6)) as er_by_followers_high,
        cast(posts.viewed_y as bigint) as viewed_engagement_count,
        cast(posts.viewed_x as bigint) as engaged_views_count,
        {{ ratio('posts.viewed_y', 'posts.viewed_x') }} as er_basic_by_views,
        cast({{ ratio_low('posts.viewed') }} as numeric(18, 6)) as er_basic_by_views_low,
        cast({{ ratio_high('posts.viewed') }} as numeric(18, 6)) as er_basic_by_views_high,
        money.session_count,
        money.session_purchase_count,
        {{ ratio('money.session_purchase_count', 'money.session_count') }} as cvr_session,
        cast({{ counted_rate_low('money.purchases') }} as numeric(18, 6)) as cvr_session_low,
        cast({{ counted_rate_high('money.purchases') }} as numeric(18, 6)) as cvr_session_high,
        {{ share_count('money.orders_y') }} as credited_order_count,
        {{ amount('money.revenue_y') }} as net_revenue_amount,
        {{ cost_per('money.orders', 1) }} as cpa,
        {{ cost_per_counted_low('money.orders') }} as cpa_low,
        {{ cost_per_high('money.orders', 1) }} as cpa_high,
        {{ ratio('money.revenue_y', 'money.revenue_x') }} as roas,
        cast({{ ratio_low('money.revenue') }} as numeric(18, 6)) as roas_low,
        cast({{ ratio_high('money.revenue') }} as numeric(18, 6)) as roas_high,
        {{ amount('posts.earned_media_amount') }} as estimated_earned_media_amount,
        case
            when arms.platform = 'all'
                then 'views and engagement are another thing on another platform: see its own row'
            when posts.followers_n is null or posts.followers_n = 0
                then 'no likes and comments with known followers'
            when posts.followers_n < 3 then 'under 3 creators: no interval'
        end as unavailable_reason,
        {{ days_after('campaigns.end_date', 'arms.window_days + ' ~ var('restatement_days')) }}
        <= facts.as_of_date as is_final,
        facts.sources_present,
        facts.as_of_date
    from arms
    inner join campaigns on arms.campaign_id = campaigns.campaign_id
    cross join facts
    cross join boundaries
    left join money
        on
            arms.platform = 'all'
            and arms.campaign_id = money.campaign_id
            and arms.window_days = money.window_days
            and arms.arm = money.arm
    left join posts
        on
            arms.campaign_id = posts.campaign_id
            and arms.window_days = posts.window_days
            and arms.arm = posts.arm
            and arms.platform = posts.platform
            and arms.metric_definition_version = posts.metric_definition_version

)

select * from final
