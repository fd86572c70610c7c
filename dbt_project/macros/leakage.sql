{#- What clean siblings let expect of a part of the leak score, and its score, as two columns. -#}
{% macro expectation(part) -%}
    {{ share_count('scores.' ~ part ~ '_expected_count') }} as {{ part }}_expected_count,
    {{ share_count('scores.' ~ part ~ '_score') }} as {{ part }}_score
{%- endmacro %}

{#- A kept sale by a leaked code since the leak, to a customer nothing links to its creator. -#}
{% macro leaked_sale() -%}
    redemptions.order_class = 'kept'
    and scores.leak_class = 'leaked'
    and redemptions.order_date >= scores.compromised_from_date
    and not redemptions.has_owner_evidence
    and not redemptions.is_stray
{%- endmacro %}
