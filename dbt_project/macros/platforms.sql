{#- Rows of all social platforms: each platform's staging model of that name has the same columns. -#}
{% macro all_platforms(name) -%}
    {%- for platform in var('social_platforms') %}
    select * from {{ ref('stg_' ~ platform ~ '__' ~ name) }}
    {{- ' union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- The access paths from the richest to the poorest; numbers of two paths are never mixed in one rate. -#}
{% macro access_rank(access_path) -%}
    case {{ access_path }}
        when 'own_account' then 1
        when 'partnership_content' then 2
        when 'business_discovery' then 3
        else 4
    end
{%- endmacro %}

{#- True when stories can be seen through an access path. -#}
{% macro is_story_path(access_path) -%}
    {%- if var('story_access_paths') -%}
        coalesce({{ access_path }} in ('{{ var("story_access_paths") | join("', '") }}'), false)
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
