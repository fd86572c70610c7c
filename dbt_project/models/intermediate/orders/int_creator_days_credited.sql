-- One row per shop, business date, campaign and creator with credit or a touch in the path of a
-- kept order: what the campaign's own model and rule version credit, and the orders by evidence.
-- Only days with a rebuilt order are summed again.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ join_whole_tables() }}', '{{ open_rebuilt_days() }}', '{{ forget_rebuilt_days() }}'],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['connection_id', 'order_date']}],
) }}

with

{% if is_incremental() -%}
days as (

    {{ days_to_rebuild() | indent(4) }}

),

{% endif -%}
kept_credits as (

    select
        credits.*,
        credits.credit_share * credits.conversion_count as credited_order_count
    from {{ ref('int_default_credits') }} as credits
    {% if is_incremental() -%}
    inner join days
        on
            credits.connection_id = days.connection_id
            and credits.order_date = days.order_date
    {% endif -%}
    where
        credits.order_class = 'kept'
        {%- if is_incremental() %}
        and {{ is_of_days('credits.order_date', 'days') }}
        {%- endif %}

),

evidence as (

    select
        touches.campaign_id,
        touches.creator_id,
        touches.connection_id,
        touches.order_id,
        orders.order_date,
        max(case when {{ has_link_evidence('touches') }} then 1 else 0 end) as link_count,
        max(case when {{ has_code_evidence('touches') }} then 1 else 0 end) as code_count,
        max(case when {{ has_survey_evidence('touches') }} then 1 else 0 end) as survey_count
    from {{ ref('fct_touchpoint') }} as touches
    inner join {{ ref('dim_campaign') }} as campaigns
        on
            touches.campaign_id = campaigns.campaign_id
            and touches.rule_version = campaigns.default_rule_version
    inner join {{ ref('fct_order') }} as orders
        on
            touches.connection_id = orders.connection_id
            and touches.order_id = orders.order_id
    {% if is_incremental() -%}
    inner join days
        on
            orders.connection_id = days.connection_id
            and orders.order_date = days.order_date
    {% endif -%}
    where
        touches.is_in_path
        and touches.channel_type = 'creator'
        and orders.order_class = 'kept'
        {%- if is_incremental() %}
        and {{ is_of_days('orders.order_date', 'days') }}
        and {{ is_of_orders('touches', orders_of_days('days')) }}
        {%- endif %}
    group by
        touches.campaign_id,
        touches.creator_id,
        touches.connection_id,
        touches.order_id,
        orders.order_date

),

sales as (

    select
        kept_credits.connection_id,
        kept_credits.order_date,
        kept_credits.campaign_id,
        kept_credits.creator_id,
        sum(kept_credits.credited_order_count) as credited_order_count,
        -- An order by code alone has no click, so it has no place in a rate of clicks.
        sum(
            case when evidence.link_count = 1 then kept_credits.credited_order_count else 0 end
        ) as credited_link_order_count,
        sum(
            case when kept_credits.is_new_customer then kept_credits.credited_order_count else 0 end
        ) as credited_new_order_count,
        sum(
            case
                when kept_credits.is_new_customer is null then kept_credits.credited_order_count
                else 0
            end
        ) as credited_unknown_customer_order_count,
        sum(kept_credits.credit_amount) as net_revenue_amount
    from kept_credits
    left join evidence
        on
            kept_credits.campaign_id = evidence.campaign_id
            and kept_credits.creator_id = evidence.creator_id
            and kept_credits.connection_id = evidence.connection_id
            and kept_credits.order_id = evidence.order_id
    group by
        kept_credits.connection_id,
        kept_credits.order_date,
        kept_credits.campaign_id,
        kept_credits.creator_id

),

touched_orders as (

    select
        connection_id,
        order_date,
        campaign_id,
        creator_id,
        sum(link_count * (1 - code_count)) as link_only_order_count,
        sum(code_count * (1 - link_count)) as code_only_order_count,
        sum(link_count * code_count) as link_and_code_order_count,
        sum(survey_count * (1 - link_count) * (1 - code_count)) as survey_only_order_count,
        sum((1 - survey_count) * (1 - link_count) * (1 - code_count))
            as compromised_only_order_count
    from evidence
    group by connection_id, order_date, campaign_id, creator_id

),

final as (

    select
        coalesce(sales.connection_id, touched_orders.connection_id) as connection_id,
        coalesce(sales.order_date, touched_orders.order_date) as order_date,
        coalesce(sales.campaign_id, touched_orders.campaign_id) as campaign_id,
        coalesce(sales.creator_id, touched_orders.creator_id) as creator_id,
        coalesce(sales.credited_order_count, 0) as credited_order_count,
        coalesce(sales.credited_link_order_count, 0) as credited_link_order_count,
        coalesce(sales.credited_new_order_count, 0) as credited_new_order_count,
        coalesce(sales.credited_unknown_customer_order_count, 0)
            as credited_unknown_customer_order_count,
        coalesce(sales.net_revenue_amount, 0) as net_revenue_amount,
        coalesce(touched_orders.link_only_order_count, 0) as link_only_order_count,
        coalesce(touched_orders.code_only_order_count, 0) as code_only_order_count,
        coalesce(touched_orders.link_and_code_order_count, 0) as link_and_code_order_count,
        coalesce(touched_orders.survey_only_order_count, 0) as survey_only_order_count,
        coalesce(touched_orders.compromised_only_order_count, 0) as compromised_only_order_count
    from sales
    full outer join touched_orders
        on
            sales.connection_id = touched_orders.connection_id
            and sales.order_date = touched_orders.order_date
            and sales.campaign_id = touched_orders.campaign_id
            and sales.creator_id = touched_orders.creator_id

)

select * from final
-- depends_on: {{ ref('int_orders_affected') }}
-- depends_on: {{ source('analysis', 'rebuilt_days') }} {{ source('analysis', 'day_readers') }}
