{#- A staging model of a source that may not be enabled, else no rows of the same columns: the staging
of an idle source is not built, and nothing may depend on it being there. The caller names the model in
a `-- depends_on` line, so that it is built first where it is enabled. columns: name to type. -#}
{% macro optional_staging(name, columns) -%}
    {%- if is_built('staging', name) -%}
        {{ ref(name) }}
    {%- else -%}
        (
            select
                {%- for column, type in columns.items() %}
                cast(null as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
                {%- endfor %}
            where false
        )
    {%- endif -%}
{%- endmacro %}
