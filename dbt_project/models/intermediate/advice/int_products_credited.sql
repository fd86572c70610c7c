{%- set units = [
    'row_count', 'line_count', 'returned_line_count', 'sold_unit_count', 'returned_unit_count',
    'costed_unit_count', 'cost_amount', 'costed_net_revenue_amount', 'gross_amount',
    'discount_amount', 'net_revenue_amount',
] -%}
-- int_product_credits_summed as each campaign sees it: its time, from the first day to the last and
-- the look-back, under its own model and rule version, with what the units cost. Creators of other
-- campaigns are one channel. Campaigns run at once, so what is not of their own creators is summed
-- by spans of days in which no campaign begins or ends. Kept: only campaigns with a rebuilt order
-- in their time, or with other costs, are summed again.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        '{{ join_whole_tables() }}',
        '{{ open_rebuilt_days() }}',
        '{{ forget_rebuilt_campaigns(campaigns_with_products()) }}',
    ],
    post_hook='{{ analyze_when_grown() }}',
) }}

with

campaigns as (

    select asked.*
    from ({{ campaigns_with_products() | indent(4) }}) as asked
    {% if is_incremental() -%}
    where {{ is_rebuilt_campaign('asked.campaign_id', 'asked.connection_id') }}
    {%- endif %}

),

{{ unit_cost_ctes() }},

wanted as (

    select distinct
        connection_id,
        attribution_model,
        rule_version,
        currency_code
    from campaigns

),

-- A day is of the span that the last beginning or end before it opened.
opened as (

    select
        connection_id,
        start_date as span_date
    from campaigns

    union distinct

    select
        connection_id,
        {{ days_after('last_date', 1) }} as span_date
    from campaigns

),

sold_days as (

    select distinct
        connection_id,
        order_date
    from {{ ref('int_product_credits_summed') }}
    where
        order_date >= (select min(campaigns.start_date) from campaigns)
        and order_date <= (select max(campaigns.last_date) from campaigns)
        and connection_id = any(array(select campaigns.connection_id from campaigns))

),

spans as (

    select
        sold_days.connection_id,
        sold_days.order_date,
        max(opened.span_date) as span_date
    from sold_days
    inner join opened
        on
            sold_days.connection_id = opened.connection_id
            and sold_days.order_date >= opened.span_date
    group by sold_days.connection_id, sold_days.order_date

),

priced as (

    select
        wanted.currency_code,
        spans.span_date,
        day_sums.*,
        1 as row_count,
        {{ unit_cost('wanted.currency_code', 'day_sums.order_date') }} as unit_cost_amount
    from {{ ref('int_product_credits_summed') }} as day_sums
    inner join wanted
        on
            day_sums.connection_id = wanted.connection_id
            and day_sums.attribution_model = wanted.attribution_model
            and day_sums.rule_version = wanted.rule_version
    inner join spans
        on
            day_sums.connection_id = spans.connection_id
            and day_sums.order_date = spans.order_date
    {{ join_unit_costs('day_sums', 'day_sums.order_date') }}
    where
        day_sums.order_date >= (select min(campaigns.start_date) from campaigns)
        and day_sums.order_date <= (select max(campaigns.last_date) from campaigns)
        and day_sums.connection_id = any(array(select campaigns.connection_id from campaigns))

),

costed as {{ computed_once() }} (

    select
        *,
        case when unit_cost_amount is not null then sold_unit_count else 0 end
            as costed_unit_count,
        case when unit_cost_amount is not null then net_revenue_amount else 0 end
            as costed_net_revenue_amount,
        sold_unit_count * unit_cost_amount as cost_amount
    from priced

),

own as (

    select
        campaigns.campaign_id,
        costed.connection_id,
        costed.variant_key,
        costed.channel_type,
        costed.channel,
    {%- for unit in units %}
    sum(costed.{{ unit }}) as {{ unit }}{{ ',' if not loop.last }}
    {%- endfor %}
    from costed
    inner join campaigns
        on
            costed.campaign_id = campaigns.campaign_id
            and costed.connection_id = campaigns.connection_id
            and costed.attribution_model = campaigns.attribution_model
            and costed.rule_version = campaigns.rule_version
            and costed.currency_code = campaigns.currency_code
            and costed.order_date >= campaigns.start_date
            and costed.order_date <= campaigns.last_date
    where costed.channel_type = 'creator'
    group by
        campaigns.campaign_id,
        costed.connection_id,
        costed.variant_key,
        costed.channel_type,
        costed.channel

),

told as (

    select
        costed.*,
        case
            when costed.channel_type = 'creator' then 'other_campaign' else costed.channel_type
        end as told_channel_type,
        case when costed.channel_type = 'creator' then 'other_campaign' else costed.channel end
            as told_channel
    from costed

),

everybody as (

    select
        connection_id,
        attribution_model,
        rule_version,
        currency_code,
        span_date,
        variant_key,
        told_channel_type,
        told_channel,
    {%- for unit in units %}
    sum({{ unit }}) as {{ unit }}{{ ',' if not loop.last }}
    {%- endfor %}
    from told
    group by
        connection_id,
        attribution_model,
        rule_version,
        currency_code,
        span_date,
        variant_key,
        told_channel_type,
        told_channel

),

-- What a campaign's own creators sold is its own rows already; for everybody else's they are one.
own_by_variant as (

    select
        campaign_id,
        connection_id,
        variant_key,
    {%- for unit in units %}
    sum({{ unit }}) as {{ unit }}{{ ',' if not loop.last }}
    {%- endfor %}
    from own
    group by campaign_id, connection_id, variant_key

),

-- Creators of others are all creators less one's own.
seen as (

    select
        campaigns.campaign_id,
        everybody.connection_id,
        everybody.variant_key,
        everybody.told_channel_type as channel_type,
        everybody.told_channel as channel,
    {%- for unit in units %}
    everybody.{{ unit }}{{ ',' if not loop.last }}
    {%- endfor %}
    from campaigns
    inner join everybody
        on
            campaigns.connection_id = everybody.connection_id
            and campaigns.attribution_model = everybody.attribution_model
            and campaigns.rule_version = everybody.rule_version
            and campaigns.currency_code = everybody.currency_code
            and campaigns.start_date <= everybody.span_date
            and campaigns.last_date >= everybody.span_date

    union all

    select
        campaign_id,
        connection_id,
        variant_key,
        'other_campaign' as channel_type,
        'other_campaign' as channel,
    {%- for unit in units %}
    -{{ unit }} as {{ unit }}{{ ',' if not loop.last }}
    {%- endfor %}
    from own_by_variant

),

summed as (

    select
        campaign_id,
        connection_id,
        variant_key,
        channel_type,
        channel,
    {%- for unit in units[1:] %}
    sum({{ unit }}) as {{ unit }}{{ ',' if not loop.last }}
    {%- endfor %}
    from seen
    group by campaign_id, connection_id, variant_key, channel_type, channel
    having sum(row_count) > 0

    union all

    select
        campaign_id,
        connection_id,
        variant_key,
        channel_type,
        channel,
    {%- for unit in units[1:] %}
    {{ unit }}{{ ',' if not loop.last }}
    {%- endfor %}
    from own

),

final as (

    select
        summed.*,
        campaigns.inputs_key
    from summed
    inner join campaigns
        on
            summed.campaign_id = campaigns.campaign_id
            and summed.connection_id = campaigns.connection_id

)

select * from final
-- depends_on: {{ ref('fct_order') }} {{ ref('int_variants_latest') }}
-- depends_on: {{ ref('stg_files__unit_costs') }} {{ ref('fct_exchange_rate_daily') }}
-- depends_on: {{ ref('dim_campaign') }} {{ ref('stg_campaign_plan__campaign_shops') }}
-- depends_on: {{ source('analysis', 'rebuilt_days') }} {{ source('analysis', 'day_readers') }}
