{#- Pre-hook of models that read all history, the marts among them: joins by hash where that is possible.
Postgres takes a CTE's filtered join for one row and then reads, row by row, what a hash would read
once, or merges by the shop alone, which all orders have in common: 10,000 orders took minutes. -#}
{% macro join_whole_tables() -%}
    {{ return(adapter.dispatch('join_whole_tables', 'groundswell')()) }}
{%- endmacro %}

{% macro default__join_whole_tables() -%}
{%- endmacro %}

{% macro postgres__join_whole_tables() -%}
    set local work_mem = '{{ var("sort_memory") }}';
    set local enable_nestloop = off;
    set local enable_mergejoin = off
{%- endmacro %}

{#- The same for a test, which has no pre-hook: said before its query, in the transaction of that query. -#}
{% macro join_whole_tables_of_test() -%}
    {% if execute %}{% do run_query(join_whole_tables()) %}{% endif %}
{%- endmacro %}
