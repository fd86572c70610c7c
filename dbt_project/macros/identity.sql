{#- Keys of who may have placed an order, hashed with their shop: the shop's customer, an e-mail address
(itself a keyed hash already), a visitor or user of the event export. -#}
{% macro customer_key(customer_id, connection_id) -%}
    {{ hashed_key("'customer ' || " ~ customer_id, connection_id) }}
{%- endmacro %}

{% macro email_key(email_hash, connection_id) -%}
    {{ hashed_key("'email ' || " ~ email_hash, connection_id) }}
{%- endmacro %}

{% macro person_key(person_id, connection_id) -%}
    {{ hashed_key("'person ' || " ~ person_id, connection_id) }}
{%- endmacro %}

{#- How well a purchase that GA4 saw fits an order whose name it carries: currency before amount, which
may be tagged with tax and shipping or without. -#}
{% macro order_fit(order, amount, currency_code) -%}
    case when {{ order }}.currency_code = {{ currency_code }} then 2 else 0 end
        + case when {{ amount }} in ({{ order }}.total_amount, {{ order }}.goods_amount) then 1 else 0 end
{%- endmacro %}

{#- How sure a stitching rule is. -#}
{% macro stitching_confidence(rule) -%}
    case
        when {{ rule }} in ('own_id', 'shop_merge') then 'exact'
        when {{ rule }} = 'same_email' then 'high'
        when {{ rule }} in ('answered_email', 'same_transaction') then 'medium'
    end
{%- endmacro %}
