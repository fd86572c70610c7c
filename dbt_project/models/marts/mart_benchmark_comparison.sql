with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

arms as (

    select * from {{ ref('mart_tier_comparison') }}

),

-- The brand's own advertisements in the campaign's days: what an engagement costs there. A boosted
-- post is a creator's.
paid_ads as (

    select
        campaigns.campaign_id,
        {{ ratio('sum(ads.spend_amount)', 'sum(ads.engagement_count)') }} as cpe
    from {{ ref('dim_campaign') }} as campaigns
    inner join {{ ref('stg_files__paid_ads_costs') }} as ads
        on
            campaigns.currency_code = ads.currency_code
            and campaigns.start_date <= ads.cost_date
            and campaigns.end_date >= ads.cost_date
    where ads.engagement_count is not null and ads.source_post_url is null
    group by campaigns.campaign_id

),

cards as (

    select * from {{ ref('mart_creator_scorecard') }}

),

-- The whole campaign, whatever the tiers of its creators, who are the units of the intervals.
campaign_money as (

    select
        campaign_id,
        min(attribution_model) as attribution_model,
        {{ ratio_moments('revenue', 'net_revenue_amount', 'cost_amount') }},
        {{ ratio_moments('purchases', 'session_purchase_count', 'session_count') }}
    from cards
    group by campaign_id

),

campaign_posts as (

    select
        campaign_id,
        platform,
        metric_definition_version,
        {{ ratio_moments(
            'followers', 'er_by_followers * gross_followers_count', 'gross_followers_count'
        ) }},
        {{ ratio_moments('basic', 'engagement_basic_count', 'platform_cost_amount') }}
    from cards
    where metric_definition_version is not null
    group by campaign_id, platform, metric_definition_version

),

-- Figures of the plan, counted and not estimated.
planned as (

    select
        campaign_id,
        'campaign_budget_amount' as metric,
        'budget of the plan' as measured_variant,
        budget_amount as measured_value,
        currency_code as unit
    from {{ ref('dim_campaign') }}

    union all

    select
        campaign_id,
        'candidate_count' as metric,
        'names on the first list' as measured_variant,
        max(candidate_count) as measured_value,
        'creators' as unit
    from {{ ref('mart_candidate_shortlist') }}
    group by campaign_id

    union all

    select
        campaign_id,
        'picked_creator_count' as metric,
        'names that were picked' as measured_variant,
        max(picked_count) as measured_value,
        'creators' as unit
    from {{ ref('mart_candidate_shortlist') }}
    group by campaign_id

),

campaign_measured as (

    select
        campaign_id,
        platform,
        metric_definition_version,
        'er_by_followers' as metric,
        'likes + comments to date over followers at publish' as measured_variant,
        {{ ratio('followers_y', 'followers_x') }} as measured_value,
        {{ ratio_low('followers') }} as measured_low,
        {{ ratio_high('followers') }} as measured_high,
        followers_n as creator_count,
        cast(null as text) as unit
    from campaign_posts

    union all

    select
        campaign_posts.campaign_id,
        campaign_posts.platform,
        campaign_posts.metric_definition_version,
        'cpe_relative_to_paid_ads' as metric,
        'cost per like or comment to date over cost per engagement of the brand''s advertisements'
            as measured_variant,
        {{ cost_per('campaign_posts.basic', 1) }} / paid_ads.cpe as measured_value,
        {{ cost_per_low('campaign_posts.basic', 1) }} / paid_ads.cpe as measured_low,
        {{ cost_per_high('campaign_posts.basic', 1) }} / paid_ads.cpe as measured_high,
        campaign_posts.basic_n as creator_count,
        cast(null as text) as unit
    from campaign_posts
    inner join paid_ads on campaign_posts.campaign_id = paid_ads.campaign_id

    union all

    select
        campaign_id,
        'all' as platform,
        'all' as metric_definition_version,
        'cvr_session' as metric,
        'purchases over GA4 sessions of the creators'' links' as measured_variant,
        {{ ratio('purchases_y', 'purchases_x') }} as measured_value,
        case when purchases_n >= 3 then {{ counted_rate_low('purchases') }} end as measured_low,
        case when purchases_n >= 3 then {{ counted_rate_high('purchases') }} end as measured_high,
        purchases_n as creator_count,
        cast(null as text) as unit
    from campaign_money

    union all

    select
        campaign_id,
        'all' as platform,
        'all' as metric_definition_version,
        'roas' as metric,
        'net revenue credited by ' || attribution_model || ' over delivered cost'
            as measured_variant,
        {{ ratio('revenue_y', 'revenue_x') }} as measured_value,
        {{ ratio_low('revenue') }} as measured_low,
        {{ ratio_high('revenue') }} as measured_high,
        revenue_n as creator_count,
        cast(null as text) as unit
    from campaign_money

    union all

    select
        campaign_id,
        'all' as platform,
        'all' as metric_definition_version,
        metric,
        measured_variant,
        measured_value,
        cast(null as numeric) as measured_low,
        cast(null as numeric) as measured_high,
        cast(null as bigint) as creator_count,
        unit
    from planned

),

macro_rates as (

    select
        campaign_id,
        window_days,
        platform,
        metric_definition_version,
        er_by_followers,
        er_by_followers_high,
        er_creator_count
    from arms
    where arm = 'macro'

),

-- One member per compared metric: what it is, out of how many creators, and its interval.
measured as (

    select
        campaign_id,
        window_days,
        arm,
        platform,
        metric_definition_version,
        'er_by_followers' as metric,
        'likes + comments over followers at publish' as measured_variant,
        er_by_followers as measured_value,
        er_by_followers_low as measured_low,
        er_by_followers_high as measured_high,
        er_creator_count as creator_count
    from arms
    where platform <> 'all'

    union all

    select
        arms.campaign_id,
        arms.window_days,
        arms.arm,
        arms.platform,
        arms.metric_definition_version,
        'er_relative_to_macro' as metric,
        'er_by_followers over that of the campaign''s macro creators' as measured_variant,
        {{ ratio('arms.er_by_followers', 'macro_rates.er_by_followers') }} as measured_value,
        {{ relative_low('arms.er_by_followers', 'macro_rates.er_by_followers') }} as measured_low,
        {{ relative_high('arms.er_by_followers', 'macro_rates.er_by_followers') }} as measured_high,
        least(arms.er_creator_count, macro_rates.er_creator_count) as creator_count
    from arms
    inner join macro_rates
        on
            arms.campaign_id = macro_rates.campaign_id
            and arms.window_days = macro_rates.window_days
            and arms.platform = macro_rates.platform
            and arms.metric_definition_version = macro_rates.metric_definition_version
    -- An arm that holds the macro creators is not compared with them.
    where arms.platform <> 'all' and arms.arm not in ('macro', 'hybrid')

    union all

    select
        campaign_id,
        window_days,
        arm,
        platform,
        metric_definition_version,
        'cvr_session' as metric,
        'purchases over GA4 sessions of the creators'' links' as measured_variant,
        cvr_session as measured_value,
        case when counted_creator_count >= 3 then cvr_session_low end as measured_low,
        case when counted_creator_count >= 3 then cvr_session_high end as measured_high,
        counted_creator_count as creator_count
    from arms
    where platform = 'all'

    union all

    select
        campaign_id,
        window_days,
        arm,
        platform,
        metric_definition_version,
        'roas' as metric,
        'net revenue credited by ' || attribution_model || ' over delivered cost'
            as measured_variant,
        roas as measured_value,
        roas_low as measured_low,
        roas_high as measured_high,
        counted_creator_count as creator_count
    from arms
    where platform = 'all'

    union all

    select
        arms.campaign_id,
        arms.window_days,
        arms.arm,
        arms.platform,
        arms.metric_definition_version,
        'cpe_relative_to_paid_ads' as metric,
        'cost per like or comment over cost per engagement of the brand''s advertisements'
            as measured_variant,
        {{ ratio('arms.cpe_basic', 'paid_ads.cpe') }} as measured_value,
        {{ ratio('arms.cpe_basic_low', 'paid_ads.cpe') }} as measured_low,
        {{ ratio('arms.cpe_basic_high', 'paid_ads.cpe') }} as measured_high,
        arms.engagement_basic_creator_count as creator_count
    from arms
    left join paid_ads on arms.campaign_id = paid_ads.campaign_id
    where arms.platform <> 'all'

),

levelled as (

    select
        *,
        cast(null as text) as unit
    from measured

    union all

    select
        campaign_id,
        0 as window_days,
        'campaign' as arm,
        platform,
        metric_definition_version,
        metric,
        measured_variant,
        cast(measured_value as numeric(18, 6)) as measured_value,
        cast(measured_low as numeric(18, 6)) as measured_low,
        cast(measured_high as numeric(18, 6)) as measured_high,
        creator_count,
        unit
    from campaign_measured

),

compared as (

    select
        levelled.*,
        benchmarks.benchmark_id,
        benchmarks.variant as benchmark_variant,
        benchmarks.platform as benchmark_platform,
        benchmarks.tier as benchmark_tier,
        benchmarks.benchmark_low,
        benchmarks.benchmark_high,
        benchmarks.claim_kind,
        benchmarks.source_name,
        benchmarks.recorded_date,
        case
            when levelled.measured_value < benchmarks.benchmark_low then 'below'
            when levelled.measured_value > benchmarks.benchmark_high then 'above'
            else 'inside'
        end as benchmark_position,
        -- Without an upper end an interval that has a lower one goes on for ever, as a claim does.
        case
            when levelled.measured_low is not null
                then
                    coalesce(levelled.measured_high >= benchmarks.benchmark_low, true)
                    and coalesce(levelled.measured_low <= benchmarks.benchmark_high, true)
        end as can_be_chance
    from levelled
    inner join {{ ref('ref_benchmark') }} as benchmarks
        on
            levelled.metric = benchmarks.metric
            and (
                benchmarks.tier in ('all', levelled.arm)
                or (levelled.arm = 'campaign' and benchmarks.tier = 'micro')
            )
            and benchmarks.platform in ('all', levelled.platform)
            and (levelled.unit is null or levelled.unit = benchmarks.unit)
    where levelled.measured_value is not null

),

final as (

    select
        compared.campaign_id,
        compared.window_days,
        compared.arm,
        compared.platform,
        compared.metric_definition_version,
        compared.benchmark_id,
        compared.metric,
        compared.measured_variant,
        compared.measured_value,
        compared.measured_low,
        compared.measured_high,
        compared.creator_count,
        compared.benchmark_variant,
        compared.benchmark_platform,
        compared.benchmark_tier,
        cast(compared.benchmark_low as numeric(18, 6)) as benchmark_low,
        cast(compared.benchmark_high as numeric(18, 6)) as benchmark_high,
        compared.claim_kind,
        compared.source_name,
        compared.recorded_date,
        compared.benchmark_position,
        compared.can_be_chance,
        case
            when compared.creator_count is null
                then compared.benchmark_position || ': a figure of the plan, not an estimate'
            when compared.benchmark_position = 'inside'
                then
                    'inside, ' || compared.creator_count
                    || case when compared.creator_count = 1 then ' creator' else ' creators' end
            when compared.can_be_chance is null
                then
                    compared.creator_count
                    || case
                        when compared.creator_count = 1 then ' creator is' else ' creators are'
                    end
                    || ' too few for an interval: the difference says nothing'
            when compared.can_be_chance
                then
                    'the 90 % interval over ' || compared.creator_count
                    || ' creators reaches the claim: the difference can be chance'
            else
                'the 90 % interval over ' || compared.creator_count
                || ' creators stays outside: more than chance, if both measure the same thing'
        end as explanation,
        facts.sources_present,
        facts.as_of_date
    from compared
    cross join facts

)

select * from final
