{#- A hash of a set of rows, whatever their order. -#}
{% macro hashed_sum(columns) -%}
    {{ return(adapter.dispatch('hashed_sum', 'groundswell')(columns)) }}
{%- endmacro %}

{% macro postgres__hashed_sum(columns) -%}
    sum(hash_record_extended(row({{ columns | join(', ') }}), 0))
{%- endmacro %}

{#- The same of whole rows of a relation. -#}
{% macro hashed_rows(relation) -%}
    {{ return(adapter.dispatch('hashed_rows', 'groundswell')(relation)) }}
{%- endmacro %}

{% macro postgres__hashed_rows(relation) -%}
    sum(hash_record_extended({{ relation }}, 0))
{%- endmacro %}
