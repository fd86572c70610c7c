{#- Counters and rates of the measured posts, passed on as they are. -#}
{%- set post_counters = [
    'views_count',
    'gross_reach_count',
    'gross_followers_count',
    'likes_count',
    'comments_count',
    'shares_count',
    'saves_count',
    'engagement_count',
    'engagement_basic_count',
    'engagement_basic_day7_count',
    'views_day7_count',
    'er_by_reach',
    'er_by_followers',
    'er_by_views',
    'er_basic_by_views',
    'er_basic_by_views_day7',
] %}
{%- set evidence_kinds = [
    'link_only', 'code_only', 'link_and_code', 'survey_only', 'compromised_only'
] %}
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

-- Sums by day: a year's orders are not read again for one more day.
sales as (

    select
        campaign_id,
        creator_id,
        sum(credited_order_count) as credited_order_count,
        sum(credited_link_order_count) as credited_link_order_count,
        sum(credited_new_order_count) as credited_new_order_count,
        sum(credited_unknown_customer_order_count) as credited_unknown_customer_order_count,
        sum(net_revenue_amount) as net_revenue_amount,
        {{ sum_count('link_only_order_count') }} as link_only_order_count,
        {{ sum_count('code_only_order_count') }} as code_only_order_count,
        {{ sum_count('link_and_code_order_count') }} as link_and_code_order_count,
        {{ sum_count('survey_only_order_count') }} as survey_only_order_count,
        {{ sum_count('compromised_only_order_count') }} as compromised_only_order_count
    from {{ ref('int_creator_days_credited') }}
    group by campaign_id, creator_id

),

costs as (

    select
        spent.campaign_id,
        spent.creator_id,
        sum(case when spent.cost_basis = 'committed' then spent.cost_amount else 0 end)
            as committed_cost_amount,
    {%- for cost_type in ['fee', 'product', 'shipping', 'platform_fee', 'boost', 'commission'] %}
    sum(
        case
            when
                spent.cost_basis = 'delivered' and spent.cost_type = '{{ cost_type }}'
                and spent.cost_date <= facts.last_day
                then spent.cost_amount
            else 0
        end
    ) as {{ cost_type }}_amount{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ ref('fct_creator_cost') }} as spent
    cross join facts
    group by spent.campaign_id, spent.creator_id

),

pieces as (

    select
        deliverables.campaign_id,
        deliverables.creator_id,
        count(*) as contracted_piece_count,
        sum(case when deliverables.post_id is not null then 1 else 0 end) as live_piece_count,
        sum(case when deliverables.is_unverifiable then 1 else 0 end) as unverifiable_piece_count,
        {{ ratio(
            'sum(case when deliverables.live_date <= facts.last_day
                and deliverables.platform = creators.platform then 1 else 0 end)',
            'sum(case when deliverables.live_date <= facts.last_day then 1 else 0 end)'
        ) }} as platform_cost_rate
    from {{ ref('int_deliverables_matched') }} as deliverables
    inner join creators
        on
            deliverables.campaign_id = creators.campaign_id
            and deliverables.creator_id = creators.creator_id
    cross join facts
    group by deliverables.campaign_id, deliverables.creator_id

),

posts as (

    select * from {{ ref('int_creator_posts_measured') }}

),

ratings as (

    select
        posts.campaign_id,
        posts.creator_id,
        count(*) as content_rating_count,
        count(distinct rated.rater) as content_rater_count,
        sum(rated.score) as content_score_points,
        sum(rated.max_score) as content_max_points
    from {{ ref('int_posts_matched') }} as posts
    inner join {{ ref('fct_content_rating') }} as rated
        on
            posts.platform = rated.platform
            and posts.post_id = rated.post_id
    group by posts.campaign_id, posts.creator_id

),

sessions as (

    select
        sessions.campaign_id,
        sessions.creator_id,
        {{ sum_count('sessions.session_count') }} as session_count,
        -- Sessions of links that name another platform have nothing to do with these views.
        {{ sum_count(
            "case when lower(trim(sessions.session_source)) = creators.platform or "
            ~ "lower(trim(sessions.session_source)) not in ('"
            ~ var('social_platforms') | join("', '") ~ "') then sessions.session_count end"
        ) }} as platform_session_count,
        {{ sum_count('sessions.engaged_session_count') }} as engaged_session_count,
        sum(sessions.engagement_seconds) as engagement_seconds,
        {{ sum_count('sessions.purchase_count') }} as session_purchase_count
    from {{ ref('fct_web_session_daily') }} as sessions
    inner join creators
        on
            sessions.campaign_id = creators.campaign_id
            and sessions.creator_id = creators.creator_id
    where sessions.creator_id is not null
    group by sessions.campaign_id, sessions.creator_id

),

estimates as (

    select estimates.*
    from {{ source('analysis', 'creator_estimates') }} as estimates
    inner join campaigns
        on
            estimates.campaign_id = campaigns.campaign_id
            and estimates.attribution_model = campaigns.default_attribution_model
            and estimates.rule_version = campaigns.default_rule_version

),

rate_estimates as (

    select * from {{ source('analysis', 'rate_estimates') }}

),

-- Own posts of the same creator, beside those of the campaign.
margins as (

    select * from {{ ref('int_creator_margins') }}

),

own_posts as (

    select * from {{ ref('int_sponsored_posts_compared') }}

),

next_pieces as (

    select reviewed.*
    from {{ source('analysis', 'budget_recommendations') }} as reviewed
    inner join campaigns
        on
            reviewed.campaign_id = campaigns.campaign_id
            and reviewed.attribution_model = campaigns.default_attribution_model
            and reviewed.rule_version = campaigns.default_rule_version
    where reviewed.line_type = 'creator'

),

followers as (

    select
        platform,
        handle,
        followers_count,
        row_number() over (
            partition by platform, handle
            order by snapshot_date desc, {{ access_rank('access_path') }}
        ) as recency
    from {{ ref('fct_account_daily') }}
    where followers_count is not null

),

measured as (

    select
        campaigns.campaign_id,
        creators.creator_id,
        campaigns.campaign_name,
        creators.creator_name,
        creators.tier,
        creators.country_code,
        creators.platform,
        creators.handle,
        creators.access_path,
        posts.metric_scope,
        posts.metric_definition_version,
        campaigns.default_attribution_model as attribution_model,
        campaigns.default_rule_version as rule_version,
        campaigns.currency_code,
        campaigns.end_date,
        followers.followers_count,
        coalesce(costs.fee_amount, 0) as fee_amount,
        coalesce(costs.product_amount, 0) as product_cost_amount,
        coalesce(costs.shipping_amount, 0) as shipping_cost_amount,
        coalesce(costs.platform_fee_amount, 0) as platform_fee_amount,
        coalesce(costs.boost_amount, 0) as boost_amount,
        coalesce(costs.commission_amount, 0) as commission_amount,
        coalesce(costs.fee_amount, 0)
        + coalesce(costs.product_amount, 0)
        + coalesce(costs.shipping_amount, 0)
        + coalesce(costs.platform_fee_amount, 0)
        + coalesce(costs.boost_amount, 0)
        + coalesce(costs.commission_amount, 0) as cost_amount,
        coalesce(costs.committed_cost_amount, 0) as committed_cost_amount,
        coalesce(pieces.platform_cost_rate, 1) as platform_cost_rate,
        coalesce(pieces.contracted_piece_count, 0) as contracted_piece_count,
        coalesce(pieces.live_piece_count, 0) as live_piece_count,
        coalesce(pieces.unverifiable_piece_count, 0) as unverifiable_piece_count,
        coalesce(sales.credited_order_count, 0) as credited_order_count,
        estimates.order_count_low as credited_order_count_low,
        estimates.order_count_high as credited_order_count_high,
        coalesce(sales.credited_link_order_count, 0) as credited_link_order_count,
        coalesce(sales.credited_new_order_count, 0) as credited_new_order_count,
        coalesce(sales.credited_unknown_customer_order_count, 0)
            as credited_unknown_customer_order_count,
        {%- for kind in evidence_kinds %}
        coalesce(sales.{{ kind }}_order_count, 0) as {{ kind }}_order_count,
        {%- endfor %}
        coalesce(sales.net_revenue_amount, 0) as net_revenue_amount,
        estimates.estimated_net_revenue_amount,
        estimates.net_revenue_low,
        estimates.net_revenue_high,
        estimates.solve_id,
        coalesce(posts.post_count, 0) as post_count,
        coalesce(posts.measured_post_count, 0) as measured_post_count,
        {%- for counter in post_counters %}
        posts.{{ counter }},
        {%- endfor %}
        posts.day7_uncertainty_factor,
        own_posts.sponsored_post_count,
        own_posts.organic_post_count,
        own_posts.sponsored_engagement_count,
        own_posts.organic_expected_engagement_count,
        own_posts.uncertainty_factor as own_uncertainty_factor,
        coalesce(margins.credited_unit_count, 0) as credited_unit_count,
        coalesce(margins.costed_unit_count, 0) as costed_unit_count,
        coalesce(margins.unit_cost_amount, 0) as unit_cost_amount,
        rates.fulfilment_cost_rate,
        rates.margin_rate - creators.commission_rate as usual_margin_rate,
        next_pieces.p_best,
        next_pieces.p_above_target,
        next_pieces.p_above_goal,
        posts.platform_click_count,
        sessions.session_count,
        sessions.platform_session_count,
        sessions.engaged_session_count,
        sessions.engagement_seconds,
        sessions.session_purchase_count
    from creators
    inner join campaigns on creators.campaign_id = campaigns.campaign_id
    left join sales
        on
            creators.campaign_id = sales.campaign_id
            and creators.creator_id = sales.creator_id
    left join costs
        on
            creators.campaign_id = costs.campaign_id
            and creators.creator_id = costs.creator_id
    left join pieces
        on
            creators.campaign_id = pieces.campaign_id
            and creators.creator_id = pieces.creator_id
    left join posts
        on
            creators.campaign_id = posts.campaign_id
            and creators.creator_id = posts.creator_id
    left join sessions
        on
            creators.campaign_id = sessions.campaign_id
            and creators.creator_id = sessions.creator_id
    left join estimates
        on
            creators.campaign_id = estimates.campaign_id
            and creators.creator_id = estimates.creator_id
    inner join {{ ref('int_campaign_margins') }} as rates
        on creators.campaign_id = rates.campaign_id
    left join margins
        on
            creators.campaign_id = margins.campaign_id
            and creators.creator_id = margins.creator_id
    left join own_posts
        on
            creators.campaign_id = own_posts.campaign_id
            and creators.creator_id = own_posts.creator_id
    left join next_pieces
        on
            creators.campaign_id = next_pieces.campaign_id
            and creators.creator_id = next_pieces.creator_id
    left join followers
        on
            creators.platform = followers.platform
            and creators.handle = followers.handle
            and followers.recency = 1

),

-- A margin stands on the cost of every unit, or is not told.
earned as (

    select
        measured.*,
        measured.cost_amount - measured.commission_amount as fixed_cost_amount,
        case
            when measured.costed_unit_count = measured.credited_unit_count
                then
                    measured.net_revenue_amount * (1 - measured.fulfilment_cost_rate)
                    - measured.unit_cost_amount
                    - measured.commission_amount
        end as contribution_margin_amount
    from measured

),

final as (

    select
        measured.campaign_id,
        measured.creator_id,
        measured.campaign_name,
        measured.creator_name,
        measured.tier,
        measured.country_code,
        measured.platform,
        measured.handle,
        measured.access_path,
        measured.metric_scope,
        measured.metric_definition_version,
        measured.followers_count,
        measured.attribution_model,
        measured.rule_version,
        measured.currency_code,
        {{ amount('measured.cost_amount') }} as cost_amount,
        {{ amount('measured.committed_cost_amount') }} as committed_cost_amount,
        {{ amount('measured.fee_amount') }} as fee_amount,
        {{ amount('measured.product_cost_amount') }} as product_cost_amount,
        {{ amount('measured.shipping_cost_amount') }} as shipping_cost_amount,
        {{ amount('measured.platform_fee_amount') }} as platform_fee_amount,
        {{ amount('measured.boost_amount') }} as boost_amount,
        {{ amount('measured.commission_amount') }} as commission_amount,
        measured.contracted_piece_count,
        measured.live_piece_count,
        measured.unverifiable_piece_count,
        {{ share_count('measured.credited_order_count') }} as credited_order_count,
        {{ share_count('measured.credited_order_count_low') }} as credited_order_count_low,
        {{ share_count('measured.credited_order_count_high') }} as credited_order_count_high,
        {{ share_count('measured.credited_link_order_count') }} as credited_link_order_count,
        {{ share_count('measured.credited_new_order_count') }} as credited_new_order_count,
        {{ share_count('measured.credited_unknown_customer_order_count') }}
            as credited_unknown_customer_order_count,
        {%- for kind in evidence_kinds %}
        measured.{{ kind }}_order_count,
        {%- endfor %}
        {{ amount('measured.net_revenue_amount') }} as net_revenue_amount,
        {{ amount('measured.estimated_net_revenue_amount') }} as estimated_net_revenue_amount,
        {{ amount('measured.net_revenue_low') }} as net_revenue_low,
        {{ amount('measured.net_revenue_high') }} as net_revenue_high,
        {{ ratio('measured.net_revenue_amount', 'measured.cost_amount') }} as roas,
        {{ ratio('measured.net_revenue_low', 'measured.cost_amount') }} as roas_low,
        {{ ratio('measured.net_revenue_high', 'measured.cost_amount') }} as roas_high,
        {{ share_count('measured.credited_unit_count') }} as credited_unit_count,
        {{ share_count('measured.costed_unit_count') }} as costed_unit_count,
        {{ ratio('measured.costed_unit_count', 'measured.credited_unit_count') }}
            as cost_coverage_rate,
        {{ amount('measured.contribution_margin_amount') }} as contribution_margin_amount,
        {{ amount('measured.fixed_cost_amount') }} as fixed_cost_amount,
        {{ ratio(
            '(measured.contribution_margin_amount - measured.fixed_cost_amount)',
            'measured.fixed_cost_amount'
        ) }} as roi,
        {%- for end in ['low', 'high'] %}
        {{ ratio(
            'case when measured.contribution_margin_amount is not null then '
            ~ 'measured.net_revenue_' ~ end ~ ' * coalesce(measured.contribution_margin_amount'
            ~ ' / nullif(measured.net_revenue_amount, 0), measured.usual_margin_rate)'
            ~ ' - measured.fixed_cost_amount end',
            'measured.fixed_cost_amount'
        ) }} as roi_{{ end }},
        {%- endfor %}
        {{ ratio('measured.cost_amount', 'measured.credited_order_count') }} as cpa,
        {{ ratio('measured.cost_amount', 'measured.credited_order_count_high') }} as cpa_low,
        {{ ratio('measured.cost_amount', 'measured.credited_order_count_low') }} as cpa_high,
        {{ ratio('measured.cost_amount', 'measured.credited_new_order_count') }} as cac_new,
        -- Both ends at once of expected orders and of the share of new customers: never too narrow.
        {{ ratio(
            'measured.cost_amount',
            'measured.credited_order_count_high * coalesce('
            ~ rate_high('measured.credited_new_order_count', 'measured.credited_order_count')
            ~ ', 1)'
        ) }} as cac_new_low,
        {{ ratio(
            'measured.cost_amount',
            'measured.credited_order_count_low * '
            ~ rate_low('measured.credited_new_order_count', 'measured.credited_order_count')
        ) }} as cac_new_high,
        {{ rate_with_ends(
            'new_customer_rate',
            'measured.credited_new_order_count',
            '(measured.credited_order_count - measured.credited_unknown_customer_order_count)'
        ) }},
        measured.post_count,
        measured.measured_post_count,
        {%- for counter in post_counters %}
        measured.{{ counter }},
        {%- endfor %}
        cast(measured.er_basic_by_views_day7 / measured.day7_uncertainty_factor as numeric(18, 6))
            as er_basic_by_views_day7_low,
        cast(measured.er_basic_by_views_day7 * measured.day7_uncertainty_factor as numeric(18, 6))
            as er_basic_by_views_day7_high,
        {{ whole_count('ratings.content_rating_count') }} as content_rating_count,
        {{ whole_count('ratings.content_rater_count') }} as content_rater_count,
        {{ share_count('ratings.content_score_points') }} as content_score_points,
        {{ share_count('ratings.content_max_points') }} as content_max_points,
        {{ ratio('ratings.content_score_points', 'ratings.content_max_points') }}
            as content_score_rate,
        {{ whole_count('measured.sponsored_post_count') }} as sponsored_post_count,
        {{ whole_count('measured.organic_post_count') }} as organic_post_count,
        measured.sponsored_engagement_count,
        measured.organic_expected_engagement_count,
        {{ ratio(
            'measured.sponsored_engagement_count', 'measured.organic_expected_engagement_count'
        ) }} as er_sponsored_to_organic,
        {{ ratio(
            'measured.sponsored_engagement_count / measured.own_uncertainty_factor',
            'measured.organic_expected_engagement_count'
        ) }} as er_sponsored_to_organic_low,
        {{ ratio(
            'measured.sponsored_engagement_count * measured.own_uncertainty_factor',
            'measured.organic_expected_engagement_count'
        ) }} as er_sponsored_to_organic_high,
        {{ amount('measured.cost_amount * measured.platform_cost_rate') }}
            as platform_cost_amount,
        {{ ratio(
            'measured.cost_amount * measured.platform_cost_rate * 1000', 'measured.views_count'
        ) }} as cpm,
        {{ ratio(
            'measured.cost_amount * measured.platform_cost_rate', 'measured.engagement_count'
        ) }} as cpe,
        {{ ratio(
            'measured.cost_amount * measured.platform_cost_rate', 'measured.engagement_basic_count'
        ) }} as cpe_basic,
        measured.platform_click_count,
        measured.session_count as click_count,
        case when measured.session_count is not null then 'session_proxy' end as click_source,
        {{ ratio('measured.platform_session_count', 'measured.views_count') }} as ctr_by_views,
        {{ ratio('measured.platform_session_count', 'measured.gross_reach_count') }}
            as ctr_by_reach,
        {{ ratio('measured.cost_amount', 'measured.session_count') }} as cpc,
        {{ ratio('measured.credited_link_order_count', 'measured.session_count') }}
            as orders_per_click,
        {{ share_count('rate_estimates.estimated_orders_per_click') }}
            as estimated_orders_per_click,
        {{ share_count('rate_estimates.orders_per_click_low') }} as orders_per_click_low,
        {{ share_count('rate_estimates.orders_per_click_high') }} as orders_per_click_high,
        measured.session_count,
        measured.platform_session_count,
        measured.engaged_session_count,
        measured.engagement_seconds,
        measured.session_purchase_count,
        {{ ratio('measured.session_purchase_count', 'measured.session_count') }} as cvr_session,
        {{ share_count('rate_estimates.estimated_cvr_session') }} as estimated_cvr_session,
        {{ share_count('rate_estimates.cvr_session_low') }} as cvr_session_low,
        {{ share_count('rate_estimates.cvr_session_high') }} as cvr_session_high,
        {{ share_count('measured.p_best') }} as p_best,
        {{ share_count('measured.p_above_target') }} as p_above_target,
        {{ share_count('measured.p_above_goal') }} as p_above_goal,
        {{ account_unavailable_reason('measured.access_path') }} as unavailable_reason,
        measured.solve_id,
        {{ days_after('measured.end_date', var('restatement_days')) }} <= facts.as_of_date
            as is_final,
        facts.sources_present,
        facts.as_of_date
    from earned as measured
    cross join facts
    left join ratings
        on
            measured.campaign_id = ratings.campaign_id
            and measured.creator_id = ratings.creator_id
    left join rate_estimates
        on
            measured.campaign_id = rate_estimates.campaign_id
            and measured.creator_id = rate_estimates.creator_id

)

select * from final
