{%- set channel_amounts = {
    'creator': 'attributed_amount',
    'other_channel': 'other_channel_amount',
    'direct': 'direct_amount',
    'unattributed': 'unattributed_amount',
} -%}
{%- set causes = [
    'cancelled', 'refund_timing', 'time_zone', 'consent', 'duplicate', 'value_basis',
    'sales_channel', 'event_not_fired', 'currency', 'test_order',
] -%}

with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

shops as (

    select * from {{ ref('int_shops') }}

),

models as (

    -- The default rule version is the one kept for all history.
    {% for model in var('attribution_models') -%}
    select
        '{{ model.name }}' as attribution_model,
        '{{ var("attribution_rule_versions")[0] }}' as rule_version
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- Summed over all models at once, before each model becomes a row of its own.
channel_days as (

    select
        connection_id,
        event_date as order_date,
        rule_version,
        channel_type,
        -- The shares of an order add up to one order under every model.
        sum(
            case
                when order_class = 'unpriced' then {{ var('attribution_models')[0].name }}_share
                else 0
            end
        ) as unpriced_order_share,
    {%- for model in var('attribution_models') %}
    sum({{ model.name }}_amount) as {{ model.name }}_amount{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ ref('int_credits_summed') }}
    where order_class <> 'test'
    group by connection_id, event_date, rule_version, channel_type

),

channel_credits as (

    select
        channel_days.connection_id,
        channel_days.order_date,
        channel_days.channel_type,
        models.attribution_model,
        models.rule_version,
        channel_days.unpriced_order_share,
        {{ chosen_model('models.attribution_model', 'channel_days', 'amount') }} as credit_amount
    from channel_days
    inner join models on channel_days.rule_version = models.rule_version

),

credits as (

    select
        connection_id,
        order_date,
        attribution_model,
        rule_version,
        sum(credit_amount) as net_amount,
        round(sum(unpriced_order_share)) as unpriced_order_count,
    {%- for channel_type, column in channel_amounts.items() %}
    sum(case when channel_type = '{{ channel_type }}' then credit_amount else 0 end)
        as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
    from channel_credits
    group by connection_id, order_date, attribution_model, rule_version

),

reported as (

    select
        connection_id,
        report_date as order_date,
        net_sales_amount as shop_net_sales_amount
    from {{ ref('int_reported_sales') }}

),

-- On days without a report the headers stand in; WooCommerce's also tell what was converted.
headers as (

    select * from {{ ref('int_header_sales') }}

),

shop_sales as (

    select
        coalesce(reported.connection_id, headers.connection_id) as connection_id,
        coalesce(reported.order_date, headers.order_date) as order_date,
        coalesce(reported.shop_net_sales_amount, headers.net_sales_amount)
            as shop_net_sales_amount,
        headers.converted_entry_count,
        case
            when reported.connection_id is not null then 'shop_report'
            else 'order_headers'
        end as shop_sales_source
    from reported
    full outer join headers
        on
            reported.connection_id = headers.connection_id
            and reported.order_date = headers.order_date

),

days as (

    select
        connection_id,
        order_date
    from shop_sales

    union distinct

    select
        connection_id,
        order_date
    from credits

),

-- The report reaches back before the first day whose orders were read: nothing to tie out there.
covered as (

    select
        load_windows.connection_id,
        {{ business_date('min(load_windows.window_start)', 'min(shops.timezone)') }} as first_date
    from {{ source('quality', 'load_windows') }} as load_windows
    inner join shops on load_windows.connection_id = shops.connection_id
    where load_windows.source in ('shopify', 'woocommerce') and load_windows.stream = 'orders'
    group by load_windows.connection_id

),

ga4_days as (

    select * from {{ ref('int_ga4_days_compared') }}

),

claims as (

    select * from {{ ref('int_platform_claims_daily') }}

),

arrivals as (

    select
        day,
        string_agg(source, ',' order by source) as sources_present
    from {{ source('quality', 'source_arrivals') }}
    group by day

),

tied as (

    select
        days.connection_id,
        days.order_date,
        models.attribution_model,
        models.rule_version,
        shops.currency_code,
        {{ amount('coalesce(shop_sales.shop_net_sales_amount, 0)') }} as shop_net_sales_amount,
        coalesce(shop_sales.shop_sales_source, 'order_headers') as shop_sales_source,
        {%- for column in channel_amounts.values() %}
        {{ amount('coalesce(credits.' ~ column ~ ', 0)') }} as {{ column }},
        {%- endfor %}
        {{ amount(
            'coalesce(shop_sales.shop_net_sales_amount, 0) - coalesce(credits.net_amount, 0)'
        ) }} as difference_amount,
        {{ amount('coalesce(credits.net_amount, 0)') }} as warehouse_net_amount,
        {{ whole_count('credits.unpriced_order_count') }} as unpriced_order_count,
        {{ whole_count('shop_sales.converted_entry_count') }} as converted_entry_count,
        case
            when ga4_days.connection_id is null then 'not_read'
            else ga4_days.ga4_unavailable_reason
        end as ga4_unavailable_reason,
        case when ga4_days.ga4_unavailable_reason is null then ga4_days.ga4_purchase_amount end
            as ga4_purchase_amount,
        {%- for cause in causes %}
        case when ga4_days.ga4_unavailable_reason is null then ga4_days.{{ cause }}_amount end
            as {{ cause }}_amount,
        {%- endfor %}
        {{ share_count('claims.claimed_order_count') }} as platform_claimed_order_count,
        claims.claimed_amount as platform_claimed_amount,
        case when claims.connection_id is null then 'no_source_claims_orders' end
            as platform_claims_unavailable_reason,
        {{ days_after('days.order_date', var('restatement_days')) }}
        <= facts.as_of_date as is_final,
        coalesce(arrivals.sources_present, facts.sources_present) as sources_present,
        facts.as_of_date
    from days
    cross join models
    cross join facts
    left join shops on days.connection_id = shops.connection_id
    left join shop_sales
        on
            days.connection_id = shop_sales.connection_id
            and days.order_date = shop_sales.order_date
    left join credits
        on
            days.connection_id = credits.connection_id
            and days.order_date = credits.order_date
            and models.attribution_model = credits.attribution_model
            and models.rule_version = credits.rule_version
    left join ga4_days
        on
            days.connection_id = ga4_days.connection_id
            and days.order_date = ga4_days.order_date
    left join claims
        on
            days.connection_id = claims.connection_id
            and days.order_date = claims.order_date
    left join arrivals on days.order_date = arrivals.day
    left join covered on days.connection_id = covered.connection_id
    -- Orders are read hours after midnight: refunds of the following morning are not yet a day.
    where
        days.order_date <= facts.last_day
        and days.order_date >= coalesce(covered.first_date, days.order_date)

),

-- What no order tells is the rest, so that the causes add up to the cent.
final as (

    select
        connection_id,
        order_date,
        attribution_model,
        rule_version,
        currency_code,
        shop_net_sales_amount,
        shop_sales_source,
        {%- for column in channel_amounts.values() %}
        {{ column }},
        {%- endfor %}
        difference_amount,
        warehouse_net_amount,
        unpriced_order_count,
        converted_entry_count,
        ga4_purchase_amount,
        ga4_unavailable_reason,
        {{ amount('shop_net_sales_amount - ga4_purchase_amount') }} as ga4_difference_amount,
        {%- for cause in causes %}
        {{ cause }}_amount,
        {%- endfor %}
        {{ amount(
            'warehouse_net_amount - ga4_purchase_amount - (' ~ causes | join('_amount + ')
            ~ '_amount)'
        ) }} as unexplained_amount,
        platform_claimed_order_count,
        platform_claimed_amount,
        platform_claims_unavailable_reason,
        is_final,
        sources_present,
        as_of_date
    from tied

)

select * from final
