{#- What clean siblings let expect of a part of the leak score, and its score, as two columns. -#}
{% macro expectation(part) -%}
    {{ share_count('scores.' ~ part ~ '_expected_count') }} as {{ part }}_expected_count,
    {{ share_count('scores.' ~ part ~ '_score') }} as {{ part }}_score
{%- endmacro %}

{#- A kept sale by such a use. -#}
{% macro leaked_sale() -%}
    redemptions.order_class = 'kept'
    and {{ leaked_use() }}
{%- endmacro %}

{#- A use of a leaked code since the leak, by a customer nothing links to its creator. -#}
{% macro leaked_use() -%}
    scores.leak_class = 'leaked'
    and redemptions.order_date >= scores.compromised_from_date
    and not redemptions.has_owner_evidence
    and not redemptions.is_stray
{%- endmacro %}
