-- The long form of the credits: one row per ledger entry, touch, rule version and model.
{%- for model in var('attribution_models') %}
select
    connection_id,
    order_id,
    event_date,
    rule_version,
    '{{ model.name }}' as attribution_model,
    touch_id,
    channel_type,
    channel,
    campaign_id,
    creator_id,
    ordered_at,
    order_date,
    order_class,
    is_new_customer,
    currency_code,
    conversion_count,
    {{ model.name }}_share as credit_share,
    {{ model.name }}_amount as credit_amount
from {{ ref('fct_attribution_credit') }}
{{ 'union all' if not loop.last }}
{%- endfor %}
