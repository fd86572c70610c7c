-- What estimates of a campaign are made from, as numbers that change with it: of each business date
-- the sums of hashes of its creators' kept credits under its own rule version (all models, with who
-- ordered and when), and of whole paths with several touches, which the chain shares out. Sums, so
-- that no order of rows matters and days add up (include/estimate_inputs.py).
-- Only days with a rebuilt order are hashed again.
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
campaigns as (

    select
        campaign_id,
        default_rule_version
    from {{ ref('dim_campaign') }}

),

credits as (

    select credits.*
    from {{ ref('fct_attribution_credit') }} as credits
    {% if is_incremental() -%}
    inner join days
        on
            credits.connection_id = days.connection_id
            and credits.order_date = days.order_date
    where {{ is_of_days('credits.order_date', 'days') }}
    {%- endif %}

),

own as (

    select
        credits.campaign_id,
        credits.connection_id,
        credits.order_id,
        credits.order_date,
        credits.rule_version,
        max(case when credits.touch_count > 1 then 1 else 0 end) as has_others,
        {{ hashed_rows('credits') }} as own_hash
    from credits
    inner join campaigns
        on
            credits.campaign_id = campaigns.campaign_id
            and credits.rule_version = campaigns.default_rule_version
    where credits.channel_type = 'creator' and credits.order_class = 'kept'
    group by
        credits.campaign_id,
        credits.connection_id,
        credits.order_id,
        credits.order_date,
        credits.rule_version

),

-- The touches of others on the same path.
paths as (

    select
        connection_id,
        order_id,
        rule_version,
        {{ hashed_rows('credits') }} as path_hash
    from credits
    where touch_count > 1
    group by connection_id, order_id, rule_version

),

final as (

    select
        own.campaign_id,
        own.connection_id,
        own.order_date,
        max(own.has_others) = 1 as has_others,
        sum(own.own_hash) as own_hash,
        coalesce(sum(case when own.has_others = 1 then paths.path_hash end), 0) as path_hash
    from own
    left join paths
        on
            own.connection_id = paths.connection_id
            and own.order_id = paths.order_id
            and own.rule_version = paths.rule_version
    group by own.campaign_id, own.connection_id, own.order_date

)

select * from final
-- depends_on: {{ ref('int_orders_affected') }} {{ ref('fct_order') }}
-- depends_on: {{ source('analysis', 'rebuilt_days') }} {{ source('analysis', 'day_readers') }}
