-- Per order, date, rule version and model the shares sum to 1, the unattributed row included.
select
    connection_id,
    order_id,
    event_date,
    rule_version
from {{ ref('fct_attribution_credit') }}
group by connection_id, order_id, event_date, rule_version
having
    false
    {%- for model in var('attribution_models') %}
    or abs(sum({{ model.name }}_share) - 1) > 0.000000001
    {%- endfor %}
