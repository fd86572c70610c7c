-- The credits of each campaign's creators under the campaign's own default model and rule version.
-- Only models of the credit rows can be a default, so `markov_path` is never asked for here: its
-- view is the dear one. Kept, for many ask for these few of all credits, with who bought and where
-- they live: only days with a rebuilt order are read again.
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

    select * from {{ ref('dim_campaign') }}

),

credited as {{ computed_once() }} (

    select
        credits.connection_id,
        credits.order_id,
        credits.event_date,
        credits.rule_version,
        campaigns.default_attribution_model as attribution_model,
        credits.touch_id,
        credits.channel_type,
        credits.channel,
        credits.campaign_id,
        credits.creator_id,
        credits.ordered_at,
        credits.order_date,
        credits.order_class,
        credits.is_new_customer,
        credits.customer_id,
        credits.currency_code,
        credits.conversion_count,
        {{ chosen_model('campaigns.default_attribution_model', 'credits', 'share') }}
            as credit_share,
        {{ chosen_model('campaigns.default_attribution_model', 'credits', 'amount') }}
            as credit_amount
    from {{ ref('fct_attribution_credit') }} as credits
    inner join campaigns
        on
            credits.campaign_id = campaigns.campaign_id
            and credits.rule_version = campaigns.default_rule_version
    {% if is_incremental() -%}
    inner join days
        on
            credits.connection_id = days.connection_id
            and credits.order_date = days.order_date
    {% endif -%}
    where
        credits.channel_type = 'creator'
        {%- if is_incremental() %}
        and {{ is_of_days('credits.order_date', 'days') }}
        {%- endif %}

)

-- A few orders of the days, looked up by list.
select
    credited.*,
    places.country_code
from credited
left join {{ ref('int_order_places') }} as places
    on
        credited.connection_id = places.connection_id
        and credited.order_id = places.order_id
        {%- if is_incremental() %}
        and {{ is_of_orders('places', 'credited') | indent(8) }}
        {%- endif %}
-- depends_on: {{ ref('int_orders_affected') }} {{ ref('fct_order') }}
-- depends_on: {{ source('analysis', 'rebuilt_days') }} {{ source('analysis', 'day_readers') }}
