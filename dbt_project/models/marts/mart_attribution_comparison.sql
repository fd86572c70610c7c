with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

-- Without null paths the removal effect means less, and the model has another name: one week of
-- such a chain is enough.
chain_days as (

    select
        *,
        case when attribution_model = 'markov_converting_only' then 1 end as is_converting_only
    from {{ ref('int_chain_days') }}

),

chains as (

    select
        campaigns.campaign_id,
        count(chain_days.solve_id) as chain_day_count,
        count(chain_days.is_converting_only) as converting_only_day_count,
        case
            when count(chain_days.solve_id) > 0 and count(chain_days.is_converting_only) = 0
                then 'markov'
            else 'markov_converting_only'
        end as chain_model
    from campaigns
    left join chain_days
        on
            campaigns.shop_connection_id = chain_days.connection_id
            and campaigns.start_date <= chain_days.order_date
            and {{ days_after('campaigns.end_date', 'campaigns.lookback_days') }}
            >= chain_days.order_date
    group by campaigns.campaign_id

),

models as (

    {% for model in var('attribution_models') -%}
    select
        campaigns.campaign_id,
        '{{ model.name }}' as attribution_model,
        false as shares_windows,
        cast(null as bigint) as chain_day_count,
        cast(null as bigint) as converting_only_day_count
    from campaigns

    union all

    {% endfor -%}
    select
        campaign_id,
        'markov_path' as attribution_model,
        false as shares_windows,
        chain_day_count,
        converting_only_day_count
    from chains

    union all

    -- Windows are shared under the default rules alone, whatever the campaign's are.
    select
        campaign_id,
        chain_model as attribution_model,
        true as shares_windows,
        chain_day_count,
        converting_only_day_count
    from chains

),

credit_models as (

    {% for model in var('attribution_models') -%}
    select '{{ model.name }}' as attribution_model
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

creators as (

    select distinct
        campaign_id,
        creator_id
    from {{ ref('dim_creator') }}

),

-- Summed over all models at once, before each model becomes a row of its own.
summed as (

    select
        credits.campaign_id,
        credits.creator_id,
    {%- for model in var('attribution_models') %}
    sum(credits.{{ model.name }}_share) as {{ model.name }}_share,
    sum(credits.{{ model.name }}_amount) as {{ model.name }}_amount{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ ref('int_credits_summed') }} as credits
    inner join campaigns
        on
            credits.campaign_id = campaigns.campaign_id
            and credits.rule_version = campaigns.default_rule_version
    cross join facts
    where credits.order_class = 'kept' and credits.event_date <= facts.last_day
    group by credits.campaign_id, credits.creator_id

),

credited as (

    select
        summed.campaign_id,
        summed.creator_id,
        credit_models.attribution_model,
        {{ chosen_model('credit_models.attribution_model', 'summed', 'share') }}
            as credited_order_count,
        {{ chosen_model('credit_models.attribution_model', 'summed', 'amount') }}
            as net_revenue_amount
    from summed
    cross join credit_models

    union all

    select
        credits.campaign_id,
        credits.creator_id,
        'markov_path' as attribution_model,
        sum(credits.credited_order_count) as credited_order_count,
        sum(credits.credited_amount) as net_revenue_amount
    from {{ ref('int_chained_credits_summed') }} as credits
    inner join campaigns
        on
            credits.campaign_id = campaigns.campaign_id
            and credits.rule_version = campaigns.default_rule_version
    cross join facts
    where credits.event_date <= facts.last_day
    group by credits.campaign_id, credits.creator_id

    union all

    select
        windows.campaign_id,
        windows.creator_id,
        chains.chain_model as attribution_model,
        sum(windows.credited_order_count) as credited_order_count,
        sum(windows.net_revenue_amount) as net_revenue_amount
    from {{ ref('int_windows_credited') }} as windows
    inner join chains on windows.campaign_id = chains.campaign_id
    group by windows.campaign_id, windows.creator_id, chains.chain_model

),

-- Every creator under every model, also with zero sales.
compared as (

    select
        campaigns.campaign_id,
        creators.creator_id,
        models.attribution_model,
        case
            when models.shares_windows then '{{ var("attribution_rule_versions")[0] }}'
            else campaigns.default_rule_version
        end as rule_version,
        not models.shares_windows
        or campaigns.default_rule_version = '{{ var("attribution_rule_versions")[0] }}'
            as is_of_own_rules,
        models.attribution_model = campaigns.default_attribution_model as is_default_model,
        campaigns.currency_code,
        models.chain_day_count,
        models.converting_only_day_count,
        coalesce(credited.credited_order_count, 0) as credited_order_count,
        coalesce(credited.net_revenue_amount, 0) as net_revenue_amount
    from campaigns
    inner join creators on campaigns.campaign_id = creators.campaign_id
    inner join models on campaigns.campaign_id = models.campaign_id
    left join credited
        on
            creators.campaign_id = credited.campaign_id
            and creators.creator_id = credited.creator_id
            and models.attribution_model = credited.attribution_model

),

ranked as (

    select
        *,
        rank() over (
            partition by campaign_id, attribution_model order by net_revenue_amount desc
        ) as revenue_rank
    from compared

),

-- Models disagree where they are asked under the same rules.
spread as (

    select
        *,
        min(case when is_of_own_rules then net_revenue_amount end) over of_creator
            as net_revenue_lowest_amount,
        max(case when is_of_own_rules then net_revenue_amount end) over of_creator
            as net_revenue_highest_amount,
        min(case when is_of_own_rules then revenue_rank end) over of_creator as revenue_rank_best,
        max(case when is_of_own_rules then revenue_rank end) over of_creator as revenue_rank_worst,
        max(case when is_default_model then revenue_rank end) over of_creator as default_rank
    from ranked
    window of_creator as (partition by campaign_id, creator_id)

),

final as (

    select
        spread.campaign_id,
        spread.creator_id,
        spread.attribution_model,
        spread.rule_version,
        spread.is_default_model,
        spread.currency_code,
        {{ share_count('spread.credited_order_count') }} as credited_order_count,
        {{ amount('spread.net_revenue_amount') }} as net_revenue_amount,
        {{ amount('spread.net_revenue_lowest_amount') }} as net_revenue_lowest_amount,
        {{ amount('spread.net_revenue_highest_amount') }} as net_revenue_highest_amount,
        spread.revenue_rank,
        spread.revenue_rank_best,
        spread.revenue_rank_worst,
        case when spread.is_of_own_rules then spread.revenue_rank - spread.default_rank end
            as rank_change,
        spread.chain_day_count,
        spread.converting_only_day_count,
        facts.as_of_date
    from spread
    cross join facts

)

select * from final
