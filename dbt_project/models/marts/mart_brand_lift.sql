-- Means of observations (days, or posts with their comments) before and during the campaign. The
-- error of a mean is that of a ratio of sums over independent observations (Cochran, Sampling
-- Techniques, 6.4), the two periods' errors add up, 90 % is 1.645 of them. Followers are a reading,
-- not a sample: they have no interval but what they did in the weeks before. Nor has what never
-- varied, such as no mention at all.
{%- set z = 1.644853627 %}
{%- set social_metrics = ['hashtag_posts', 'brand_mentions', 'earned_posts', 'comment_sentiment'] %}
{%- set change_columns = {'change_value': none, 'change_low': '-', 'change_high': '+'} %}
{%- set growth_columns = {'growth_rate': none, 'growth_low': '-', 'growth_high': '+'} %}
{%- set site_metrics = ['direct_sessions', 'organic_search_sessions', 'branded_search_sessions'] %}
{%- set metrics = {
    'hashtag_posts': 'posts per day',
    'brand_mentions': 'posts per day',
    'earned_posts': 'posts per day',
    'direct_sessions': 'sessions per day',
    'organic_search_sessions': 'sessions per day',
    'comment_sentiment': 'mean score, -1 to 1',
} %}

with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select
        campaigns.campaign_id,
        campaigns.start_date,
        campaigns.end_date,
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

-- Every metric of every platform has a row, also where nothing could be read.
asked as (
    {% for metric in social_metrics %}
    select
        campaign_id,
        platform,
        '{{ metric }}' as metric
    from brands

    union distinct
    {% endfor %}
    {% for metric in site_metrics %}
    select
        campaign_id,
        'ga4' as platform,
        '{{ metric }}' as metric
    from campaigns
    {{ 'union distinct' if not loop.last }}
    {% endfor %}
),

periods as (

    select
        campaign_id,
        platform,
        metric,
        period,
        min(observed_date) as from_date,
        count(*) as observation_count,
        sum(weight) as weight,
        sum(observed_sum) / nullif(sum(weight), 0) as mean_value,
        sum(observed_sum) filter (where is_later_half)
        / nullif(sum(weight) filter (where is_later_half), 0) as later_value,
        sum(observed_sum) filter (where not is_later_half)
        / nullif(sum(weight) filter (where not is_later_half), 0) as earlier_value,
        sum(observed_sum * observed_sum) as sum_of_squares,
        sum(observed_sum * weight) as sum_of_products,
        sum(weight * weight) as sum_of_weights
    from {{ ref('int_brand_signals') }}
    group by campaign_id, platform, metric, period

),

erring as (

    select
        *,
        case
            when observation_count > 1
                then
                    greatest(
                        sum_of_squares
                        - 2 * mean_value * sum_of_products
                        + mean_value * mean_value * sum_of_weights,
                        0
                    )
                    / (weight * weight) * observation_count / (observation_count - 1)
        end as variance
    from periods

),

goals as (

    select
        campaign_id,
        min(baseline_date) as baseline_date,
        min(case when unit = 'rate' then target_value end) as target_rate
    from {{ ref('stg_campaign_plan__goals') }}
    where metric = 'follower_growth'
    group by campaign_id

),

readings as (

    select
        brands.campaign_id,
        brands.platform,
        account_days.snapshot_date,
        coalesce(goals.baseline_date, campaigns.start_date) as baseline_date,
        campaigns.last_date,
        max(account_days.followers_count) as followers_count
    from brands
    inner join campaigns on brands.campaign_id = campaigns.campaign_id
    left join goals on brands.campaign_id = goals.campaign_id
    inner join {{ ref('fct_account_daily') }} as account_days
        on
            brands.platform = account_days.platform
            and brands.handle_key = account_days.handle
            and account_days.followers_count is not null
            and campaigns.last_date >= account_days.snapshot_date
    group by
        brands.campaign_id,
        brands.platform,
        account_days.snapshot_date,
        goals.baseline_date,
        campaigns.start_date,
        campaigns.last_date

),

read_days as (

    select
        campaign_id,
        platform,
        max(snapshot_date) filter (where snapshot_date <= baseline_date) as baseline_date,
        max(snapshot_date) as last_date,
        max(snapshot_date) filter (
            where snapshot_date
            <= {{ days_after('baseline_date', -var('brand_baseline_days')) }}
        ) as earlier_date
    from readings
    group by campaign_id, platform

),

followers as (

    select
        brands.campaign_id,
        brands.platform,
        read_days.baseline_date,
        read_days.last_date,
        baseline.followers_count as baseline_value,
        newest.followers_count as campaign_value,
        earlier.followers_count as earlier_value,
        goals.target_rate
    from brands
    left join goals on brands.campaign_id = goals.campaign_id
    left join read_days
        on
            brands.campaign_id = read_days.campaign_id
            and brands.platform = read_days.platform
    {% for reading, day in {
        'baseline': 'baseline_date', 'newest': 'last_date', 'earlier': 'earlier_date',
    }.items() %}
    left join readings as {{ reading }}
        on
            brands.campaign_id = {{ reading }}.campaign_id
            and brands.platform = {{ reading }}.platform
            and read_days.{{ day }} = {{ reading }}.snapshot_date
    {% endfor %}
),

compared as (

    select
        asked.campaign_id,
        asked.platform,
        asked.metric,
        case asked.metric
            {%- for metric, unit in metrics.items() %}
            when '{{ metric }}' then '{{ unit }}'
            {%- endfor %}
            else 'sessions per day'
        end as metric_unit,
        baseline.from_date as baseline_from_date,
        {{ days_after('campaigns.start_date', -1) }} as baseline_to_date,
        coalesce(baseline.observation_count, 0) as baseline_observation_count,
        coalesce(during.observation_count, 0) as campaign_observation_count,
        baseline.mean_value as baseline_value,
        during.mean_value as campaign_value,
        {{ z }} * sqrt(nullif(baseline.variance + during.variance, 0)) as change_margin,
        baseline.earlier_value,
        baseline.later_value,
        cast(null as numeric) as target_rate,
        case
            when asked.metric = 'branded_search_sessions'
                then 'no source that is read gives search terms; organic search holds all of them'
            when during.observation_count is null and asked.metric = 'comment_sentiment'
                then 'no comment in English is visible on this platform'
            when during.observation_count is null
                then 'nothing was read of this platform while the campaign ran'
            when
                baseline.observation_count is null
                or (
                    asked.metric <> 'comment_sentiment'
                    and baseline.observation_count < {{ var('brand_baseline_fewest_days') }}
                )
                then
                    'only ' || coalesce(baseline.observation_count, 0)
                    || ' of {{ var("brand_baseline_days") }} days before the campaign were read; '
                    || '{{ var("brand_baseline_fewest_days") }} are needed'
        end as unavailable_reason
    from asked
    inner join campaigns on asked.campaign_id = campaigns.campaign_id
    left join erring as baseline
        on
            asked.campaign_id = baseline.campaign_id
            and asked.platform = baseline.platform
            and asked.metric = baseline.metric
            and baseline.period = 'baseline'
    left join erring as during
        on
            asked.campaign_id = during.campaign_id
            and asked.platform = during.platform
            and asked.metric = during.metric
            and during.period = 'campaign'

    union all

    select
        campaign_id,
        platform,
        'brand_followers' as metric,
        'followers' as metric_unit,
        baseline_date as baseline_from_date,
        baseline_date as baseline_to_date,
        case when baseline_value is null then 0 else 1 end as baseline_observation_count,
        case when campaign_value is null then 0 else 1 end as campaign_observation_count,
        baseline_value,
        case when last_date > baseline_date then campaign_value end as campaign_value,
        null as change_margin,
        earlier_value,
        baseline_value as later_value,
        target_rate,
        case
            when last_date is null then 'the brand''s followers were not read on this platform'
            when baseline_date is null
                then 'the brand''s followers were not read on or before the baseline day'
        end as unavailable_reason
    from followers

),

final as (

    select
        compared.campaign_id,
        compared.platform,
        compared.metric,
        compared.metric_unit,
        compared.baseline_from_date,
        compared.baseline_to_date,
        cast(compared.baseline_observation_count as bigint) as baseline_observation_count,
        cast(compared.campaign_observation_count as bigint) as campaign_observation_count,
        cast(compared.baseline_value as numeric(18, 6)) as baseline_value,
        cast(compared.campaign_value as numeric(18, 6)) as campaign_value,
        {%- for name, sign in change_columns.items() %}
        case
            when compared.unavailable_reason is null
                then cast(
                    compared.campaign_value - compared.baseline_value
                    {{ sign ~ ' compared.change_margin' if sign }} as numeric(18, 6)
                )
        end as {{ name }},
        {%- endfor %}
        {%- for name, sign in growth_columns.items() %}
        case
            when compared.unavailable_reason is null and compared.metric <> 'comment_sentiment'
                then {{ ratio(
                    'compared.campaign_value - compared.baseline_value'
                    ~ (' ' ~ sign ~ ' compared.change_margin' if sign else ''),
                    'compared.baseline_value'
                ) }}
        end as {{ name }},
        {%- endfor %}
        cast(compared.later_value - compared.earlier_value as numeric(18, 6))
            as placebo_change_value,
        cast(compared.target_rate as numeric(18, 6)) as target_rate,
        compared.unavailable_reason,
        {{ days_after('campaigns.end_date', var('restatement_days')) }} <= facts.as_of_date
            as is_final,
        facts.sources_present,
        facts.as_of_date
    from compared
    inner join campaigns on compared.campaign_id = campaigns.campaign_id
    cross join facts

)

select * from final
