-- One row per campaign, shop and business date of the campaign's time: its orders by what is known
-- of where they came from. Only days with a rebuilt order are counted again.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ join_whole_tables() }}', '{{ open_rebuilt_days() }}', '{{ forget_rebuilt_days() }}'],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['connection_id', 'order_date']}],
) }}

with

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

campaign_shops as (

    select
        campaigns.campaign_id,
        campaigns.default_rule_version as rule_version,
        campaigns.start_date,
        {{ days_after('campaigns.end_date', 'campaigns.lookback_days') }} as last_date,
        shops.shop_connection_id as connection_id
    from campaigns
    inner join {{ ref('stg_campaign_plan__campaign_shops') }} as shops
        on campaigns.campaign_id = shops.campaign_id

),

rule_versions as (

    select distinct rule_version
    from campaign_shops

),

{% if is_incremental() -%}
rebuilt as (

    {{ days_to_rebuild() | indent(4) }}

),

{% endif -%}
placed as (

    select orders.*
    from {{ ref('fct_order') }} as orders
    {% if is_incremental() -%}
    inner join rebuilt
        on
            orders.connection_id = rebuilt.connection_id
            and orders.order_date = rebuilt.order_date
    {% endif -%}
    where
        orders.order_class <> 'test'
        {%- if is_incremental() %}
        and {{ is_of_days('orders.order_date', 'rebuilt') }}
        {%- endif %}

),

-- What no campaign owns is told of an order once, however many campaigns ran on its day.
other_touches as (

    select
        touches.connection_id,
        touches.order_id,
        touches.rule_version,
        max(case when touches.channel_type = 'other_channel' then 1 else 0 end) as has_other,
        max(case when touches.channel_type = 'direct' then 1 else 0 end) as has_direct
    from {{ ref('fct_touchpoint') }} as touches
    inner join rule_versions on touches.rule_version = rule_versions.rule_version
    {% if is_incremental() -%}
    inner join placed
        on
            touches.connection_id = placed.connection_id
            and touches.order_id = placed.order_id
    {% endif -%}
    where
        touches.is_in_window
        and touches.channel_type in ('other_channel', 'direct')
        {%- if is_incremental() %}
        and {{ is_of_orders('touches', 'placed') }}
        {%- endif %}
    group by touches.connection_id, touches.order_id, touches.rule_version

),

orders as (

    select
        orders.connection_id,
        orders.order_id,
        orders.order_date,
        rule_versions.rule_version,
        orders.is_journey_ready,
        orders.moment_count,
        orders.ga4_transaction_id,
        orders.ga4_transaction_id_format,
        orders.sales_channel in {{ quoted_list(var('online_sales_channels')) }} as is_online,
        -- False while the shop computes the journey, NULL where it gives none.
        coalesce(orders.is_journey_ready, true) as is_journey_known,
        coalesce(orders.moment_count, 0) > 0 as has_visits,
        case
            when other_touches.has_other = 1 then 'other_channel'
            when other_touches.has_direct = 1 then 'direct'
            else 'none'
        end as coverage
    from placed as orders
    cross join rule_versions
    left join other_touches
        on
            orders.connection_id = other_touches.connection_id
            and orders.order_id = other_touches.order_id
            and rule_versions.rule_version = other_touches.rule_version

),

days as (

    select
        connection_id,
        order_date,
        rule_version,
        count(*) as order_count,
        sum(case when coverage = 'other_channel' then 1 else 0 end) as other_channel_order_count,
        sum(case when coverage = 'direct' then 1 else 0 end) as direct_order_count,
        sum(case when coverage = 'none' then 1 else 0 end) as untracked_order_count,
        sum(case when is_journey_ready and moment_count > 0 then 1 else 0 end)
            as journey_order_count,
        sum(case when is_journey_ready and coalesce(moment_count, 0) = 0 then 1 else 0 end)
            as journey_empty_order_count,
        sum(case when is_journey_ready is null then 1 else 0 end) as journey_missing_order_count,
        sum(case when not is_journey_ready then 1 else 0 end) as journey_pending_order_count,
        sum(case when is_online then 1 else 0 end) as online_order_count,
        sum(case when is_online and is_journey_known then 1 else 0 end)
            as online_known_order_count,
        sum(case when is_online and is_journey_known and not has_visits then 1 else 0 end)
            as consent_gap_order_count,
        sum(case when is_online and ga4_transaction_id is null then 1 else 0 end)
            as ga4_missing_order_count,
        sum(case when ga4_transaction_id is not null then 1 else 0 end) as ga4_joined_order_count,
        max(ga4_transaction_id_format) as ga4_transaction_id_format
    from orders
    group by connection_id, order_date, rule_version

),

-- What speaks for the campaign: few orders have it.
evidence as (

    select
        campaign_shops.campaign_id,
        touches.connection_id,
        touches.order_id,
        touches.rule_version,
        max(case when {{ has_link_evidence('touches') }} then 1 else 0 end) as has_link,
        max(case when {{ has_code_evidence('touches') }} then 1 else 0 end) as has_code,
        max(case when {{ has_survey_evidence('touches') }} then 1 else 0 end) as has_survey,
        max(case when touches.channel_type = 'creator' then 1 else 0 end) as has_creator
    from campaign_shops
    inner join {{ ref('fct_touchpoint') }} as touches
        on
            campaign_shops.campaign_id = touches.campaign_id
            and campaign_shops.connection_id = touches.connection_id
            and campaign_shops.rule_version = touches.rule_version
    {% if is_incremental() -%}
    inner join placed
        on
            touches.connection_id = placed.connection_id
            and touches.order_id = placed.order_id
    {% endif -%}
    where
        touches.is_in_window
        {%- if is_incremental() %}
        and {{ is_of_orders('touches', 'placed') }}
        {%- endif %}
    group by
        campaign_shops.campaign_id,
        touches.connection_id,
        touches.order_id,
        touches.rule_version

),

-- An order with a creator's touch leaves the kind that it has without the campaign.
covered as (

    select
        evidence.campaign_id,
        orders.connection_id,
        orders.order_date,
        sum(evidence.has_creator) as creator_order_count,
        sum(evidence.has_link * (1 - evidence.has_code)) as link_only_order_count,
        sum(evidence.has_code * (1 - evidence.has_link)) as code_only_order_count,
        sum(evidence.has_link * evidence.has_code) as link_and_code_order_count,
        sum(evidence.has_survey * (1 - evidence.has_link) * (1 - evidence.has_code))
            as survey_only_order_count,
        sum(
            evidence.has_creator
            * (1 - evidence.has_survey) * (1 - evidence.has_link) * (1 - evidence.has_code)
        ) as compromised_only_order_count,
        sum(case when orders.coverage = 'other_channel' then evidence.has_creator else 0 end)
            as other_channel_order_count,
        sum(case when orders.coverage = 'direct' then evidence.has_creator else 0 end)
            as direct_order_count,
        sum(case when orders.coverage = 'none' then evidence.has_creator else 0 end)
            as untracked_order_count
    from evidence
    inner join orders
        on
            evidence.connection_id = orders.connection_id
            and evidence.order_id = orders.order_id
            and evidence.rule_version = orders.rule_version
    group by evidence.campaign_id, orders.connection_id, orders.order_date

),

counted as (

    select
        campaign_shops.campaign_id,
        days.connection_id,
        days.order_date,
        days.order_count,
        {%- for kind in [
            'creator', 'link_only', 'code_only', 'link_and_code', 'survey_only', 'compromised_only'
        ] %}
        coalesce(covered.{{ kind }}_order_count, 0) as {{ kind }}_order_count,
        {%- endfor %}
        {%- for kind in ['other_channel', 'direct', 'untracked'] %}
        days.{{ kind }}_order_count - coalesce(covered.{{ kind }}_order_count, 0)
            as {{ kind }}_order_count,
        {%- endfor %}
        days.journey_order_count,
        days.journey_empty_order_count,
        days.journey_missing_order_count,
        days.journey_pending_order_count,
        days.online_order_count,
        days.online_known_order_count,
        days.consent_gap_order_count,
        days.ga4_missing_order_count,
        days.ga4_joined_order_count,
        days.ga4_transaction_id_format
    from campaign_shops
    inner join days
        on
            campaign_shops.connection_id = days.connection_id
            and campaign_shops.rule_version = days.rule_version
            and campaign_shops.start_date <= days.order_date
            and campaign_shops.last_date >= days.order_date
    left join covered
        on
            campaign_shops.campaign_id = covered.campaign_id
            and days.connection_id = covered.connection_id
            and days.order_date = covered.order_date

)

select * from counted
-- depends_on: {{ ref('int_orders_affected') }}
-- depends_on: {{ source('analysis', 'rebuilt_days') }} {{ source('analysis', 'day_readers') }}
