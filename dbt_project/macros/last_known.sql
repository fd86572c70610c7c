{#- The newest value of a column that is known: what a later row leaves out stays as it was. -#}
{% macro last_known(column, order_column) -%}
    {{ return(adapter.dispatch('last_known', 'groundswell')(column, order_column)) }}
{%- endmacro %}

{% macro default__last_known(column, order_column) -%}
    (
        array_agg({{ column }} order by {{ order_column }} desc)
        filter (where {{ column }} is not null)
    )[1]
{%- endmacro %}
