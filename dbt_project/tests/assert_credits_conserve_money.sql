-- Per ledger entry and rule version every model's amounts sum to the entry's net revenue, to the cent.
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
    or sum({{ model.name }}_amount) <> max(entry_net_amount)
    {%- endfor %}
