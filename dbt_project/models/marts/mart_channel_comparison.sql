-- Creators beside the channels their brand pays otherwise: the same orders, the same model, the
-- same days. What is spent on a creator's own post is the creator's cost.
{%- set outcomes = {
    'cpa': 'credited_order_count',
    'cac_new': 'credited_new_order_count',
} %}

with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select
        campaigns.*,
        least(
            {{ days_after('campaigns.end_date', 'campaigns.lookback_days') }}, facts.last_day
        ) as last_date
    from {{ ref('dim_campaign') }} as campaigns
    cross join facts

),

cards as (

    select
        campaign_id,
        {{ ratio_moments('cpa', 'credited_order_count', 'cost_amount') }},
        {{ ratio_moments('cac_new', 'credited_new_order_count', 'cost_amount') }},
        {{ ratio_moments('roas', 'net_revenue_amount', 'cost_amount') }},
        sum(credited_order_count) as credited_order_count,
        sum(credited_new_order_count) as credited_new_order_count,
        sum(credited_unknown_customer_order_count) as credited_unknown_customer_order_count,
        sum(net_revenue_amount) as net_revenue_amount,
        sum(cost_amount) as cost_amount
    from {{ ref('mart_creator_scorecard') }}
    group by campaign_id

),

credits as (

    select
        campaigns.campaign_id,
        case
            when credits.channel_type = 'creator' then 'other_campaign'
            else credits.channel_type
        end as channel_type,
        case
            when credits.channel_type = 'creator' then 'other_campaign'
            else credits.channel
        end as channel,
        credits.is_new_customer,
        {{ chosen_model('campaigns.default_attribution_model', 'credits', 'share') }}
            as order_count,
        {{ chosen_model('campaigns.default_attribution_model', 'credits', 'amount') }}
            as net_revenue_amount
    from campaigns
    inner join {{ ref('stg_campaign_plan__campaign_shops') }} as shops
        on campaigns.campaign_id = shops.campaign_id
    inner join {{ ref('int_credits_summed') }} as credits
        on
            shops.shop_connection_id = credits.connection_id
            and campaigns.default_rule_version = credits.rule_version
            and campaigns.start_date <= credits.order_date
            and campaigns.last_date >= credits.order_date
            and credits.order_class = 'kept'
            and coalesce(campaigns.campaign_id <> credits.campaign_id, true)

),

sold as (

    select
        campaign_id,
        channel_type,
        channel,
        sum(order_count) as credited_order_count,
        sum(case when is_new_customer then order_count else 0 end) as credited_new_order_count,
        sum(case when is_new_customer is null then order_count else 0 end)
            as credited_unknown_customer_order_count,
        sum(net_revenue_amount) as net_revenue_amount
    from credits
    group by campaign_id, channel_type, channel

),

-- The journeys know one channel of paid visits, whichever platform was paid; a file may also name
-- one of the other channels.
spent as (

    select
        campaigns.campaign_id,
        'other_channel' as channel_type,
        case
            when ads.platform in ('affiliate', 'email', 'search', 'social') then ads.platform
            else 'paid'
        end as channel,
        sum(
            {{ converted_amount(
                'ads.spend_amount', 'ads.currency_code', 'campaigns.currency_code', 'ads.cost_date'
            ) }}
        ) as cost_amount
    from campaigns
    inner join {{ ref('stg_files__paid_ads_costs') }} as ads
        on
            campaigns.start_date <= ads.cost_date
            and campaigns.last_date >= ads.cost_date
            and ads.source_post_url is null
    group by
        campaigns.campaign_id,
        case
            when ads.platform in ('affiliate', 'email', 'search', 'social') then ads.platform
            else 'paid'
        end

),

others as (

    select
        coalesce(sold.campaign_id, spent.campaign_id) as campaign_id,
        coalesce(sold.channel_type, spent.channel_type) as channel_type,
        coalesce(sold.channel, spent.channel) as channel,
        coalesce(sold.credited_order_count, 0) as credited_order_count,
        coalesce(sold.credited_new_order_count, 0) as credited_new_order_count,
        coalesce(sold.credited_unknown_customer_order_count, 0)
            as credited_unknown_customer_order_count,
        coalesce(sold.net_revenue_amount, 0) as net_revenue_amount,
        spent.cost_amount
    from sold
    full join spent
        on
            sold.campaign_id = spent.campaign_id
            and sold.channel_type = spent.channel_type
            and sold.channel = spent.channel

),

-- Creators differ, so they are the units of their interval; of a channel only its orders are known.
channels as (

    select
        campaign_id,
        'creator' as channel_type,
        'creators' as channel,
        credited_order_count,
        credited_new_order_count,
        credited_unknown_customer_order_count,
        net_revenue_amount,
        cost_amount,
        {%- for measure in outcomes %}
        {{ cost_per(measure, 1) }} as {{ measure }},
        {{ cost_per_low(measure, 1) }} as {{ measure }}_low,
        {{ cost_per_high(measure, 1) }} as {{ measure }}_high,
        {%- endfor %}
        {{ ratio('roas_y', 'roas_x') }} as roas,
        cast({{ ratio_low('roas') }} as numeric(18, 6)) as roas_low,
        cast({{ ratio_high('roas') }} as numeric(18, 6)) as roas_high
    from cards

    union all

    select
        campaign_id,
        channel_type,
        channel,
        credited_order_count,
        credited_new_order_count,
        credited_unknown_customer_order_count,
        net_revenue_amount,
        cost_amount,
        {%- for measure, count in outcomes.items() %}
        {{ ratio('cost_amount', count) }} as {{ measure }},
        {{ ratio('cost_amount', count_high(count)) }} as {{ measure }}_low,
        {{ ratio('cost_amount', count_low(count)) }} as {{ measure }}_high,
        {%- endfor %}
        {{ ratio('net_revenue_amount', 'cost_amount') }} as roas,
        {{ ratio(
            'net_revenue_amount * ' ~ count_low('credited_order_count'),
            'cost_amount * credited_order_count'
        ) }} as roas_low,
        {{ ratio(
            'net_revenue_amount * ' ~ count_high('credited_order_count'),
            'cost_amount * credited_order_count'
        ) }} as roas_high
    from others

),

final as (

    select
        channels.campaign_id,
        channels.channel_type,
        channels.channel,
        campaigns.default_attribution_model as attribution_model,
        campaigns.default_rule_version as rule_version,
        campaigns.currency_code,
        {{ share_count('channels.credited_order_count') }} as credited_order_count,
        {{ share_count('channels.credited_new_order_count') }} as credited_new_order_count,
        {{ share_count('channels.credited_unknown_customer_order_count') }}
            as credited_unknown_customer_order_count,
        {{ amount('channels.net_revenue_amount') }} as net_revenue_amount,
        {{ amount('channels.cost_amount') }} as cost_amount,
        channels.cpa,
        channels.cpa_low,
        channels.cpa_high,
        channels.cac_new,
        channels.cac_new_low,
        channels.cac_new_high,
        channels.roas,
        channels.roas_low,
        channels.roas_high,
        case
            when channels.cost_amount is not null then null
            when channels.channel_type = 'other_channel'
                then 'no file of costs tells what this channel cost'
            when channels.channel_type = 'other_campaign'
                then 'paid for by the campaign whose creators these are'
            else 'nobody is paid for these'
        end as unavailable_reason,
        {{ days_after('campaigns.end_date', var('restatement_days')) }} <= facts.as_of_date
            as is_final,
        facts.sources_present,
        facts.as_of_date
    from channels
    inner join campaigns on channels.campaign_id = campaigns.campaign_id
    cross join facts

)

select * from final
