-- Credits summed by business date of order and entry, class of order, rule version and who is
-- credited: what marts that ask for no single order read in place of every credit ever given. Each
-- model's share is of orders (entries after the first are none), so both columns of a model add up.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ join_whole_tables() }}', '{{ open_rebuilt_days() }}', '{{ forget_rebuilt_days() }}'],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['connection_id', 'order_date']}],
) }}

{% if is_incremental() -%}
with

days as (

    {{ days_to_rebuild() | indent(4) }}

)

{% endif -%}
select
    credits.connection_id,
    credits.order_date,
    credits.event_date,
    credits.order_class,
    credits.rule_version,
    credits.channel_type,
    credits.channel,
    credits.campaign_id,
    credits.creator_id,
    credits.is_new_customer,
{%- for model in var('attribution_models') %}
sum(credits.{{ model.name }}_share * credits.conversion_count) as {{ model.name }}_share,
sum(credits.{{ model.name }}_amount) as {{ model.name }}_amount{{ ',' if not loop.last }}
{%- endfor %}
from {{ ref('fct_attribution_credit') }} as credits
{% if is_incremental() -%}
inner join days
    on
        credits.connection_id = days.connection_id
        and credits.order_date = days.order_date
where {{ is_of_days('credits.order_date', 'days') }}
{% endif -%}
group by
    credits.connection_id,
    credits.order_date,
    credits.event_date,
    credits.order_class,
    credits.rule_version,
    credits.channel_type,
    credits.channel,
    credits.campaign_id,
    credits.creator_id,
    credits.is_new_customer
-- depends_on: {{ ref('int_orders_affected') }} {{ ref('fct_order') }}
-- depends_on: {{ source('analysis', 'rebuilt_days') }} {{ source('analysis', 'day_readers') }}
