{#- One short text of the SQL that facts and sums are made by: every model and seed built before the solve, and
every macro of the project. Rows kept from run to run were made by the SQL of their day; when this text is
another, none of them is believed (attribution_settings). A comment counts, too: after an update one run builds
all history again. Empty while the project is only read, or checked by a linter. -#}
{% macro project_code() -%}
    {%- set parts = [] -%}
    {%- if execute and graph is defined -%}
        {%- for node in graph.nodes.values() if 'before_solve' in node.tags -%}
            {%- do parts.append(node.unique_id ~ ' ' ~ node.checksum.checksum) -%}
        {%- endfor -%}
        {%- for name, one in context[project_name].items() if one.macro is defined -%}
            {%- do parts.append(one.macro.unique_id ~ ' ' ~ local_md5(one.macro.macro_sql)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(local_md5(parts | sort | join('\n')) if parts else '') }}
{%- endmacro %}
