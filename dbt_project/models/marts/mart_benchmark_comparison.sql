with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

arms as (

    select * from {{ ref('mart_tier_comparison') }}

),

-- The brand's own advertisements in the campaign's days: what an engagement costs there.
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
    where ads.engagement_count is not null
    group by campaigns.campaign_id

),

macro_rates as (

    select
        campaign_id,
        window_days,
        platform,
        metric_definition_version,
        er_by_followers
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
        {{ ratio('arms.er_by_followers_low', 'macro_rates.er_by_followers') }} as measured_low,
        {{ ratio('arms.er_by_followers_high', 'macro_rates.er_by_followers') }} as measured_high,
        arms.er_creator_count as creator_count
    from arms
    inner join macro_rates
        on
            arms.campaign_id = macro_rates.campaign_id
            and arms.window_days = macro_rates.window_days
            and arms.platform = macro_rates.platform
            and arms.metric_definition_version = macro_rates.metric_definition_version
    where arms.platform <> 'all'

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
        cvr_session_low as measured_low,
        cvr_session_high as measured_high,
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
        arms.counted_creator_count as creator_count
    from arms
    left join paid_ads on arms.campaign_id = paid_ads.campaign_id
    where arms.platform <> 'all'

),

compared as (

    select
        measured.*,
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
            when measured.measured_value < benchmarks.benchmark_low then 'below'
            when measured.measured_value > benchmarks.benchmark_high then 'above'
            else 'inside'
        end as benchmark_position,
        measured.measured_high >= benchmarks.benchmark_low
        and (
            benchmarks.benchmark_high is null
            or measured.measured_low <= benchmarks.benchmark_high
        ) as can_be_chance
    from measured
    inner join {{ ref('ref_benchmark') }} as benchmarks
        on
            measured.metric = benchmarks.metric
            and benchmarks.tier in ('all', measured.arm)
            and benchmarks.platform in ('all', measured.platform)
    where measured.measured_value is not null

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
            when compared.benchmark_position = 'inside'
                then 'inside, ' || compared.creator_count || ' creators'
            when compared.measured_low is null and compared.measured_high is null
                then
                    compared.creator_count
                    || ' creators are too few for an interval: the difference says nothing'
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
