{#- A ratio is NULL, never 0, when its denominator is 0 or unknown. -#}
{% macro ratio(numerator, denominator) -%}
    cast({{ numerator }} as numeric) / nullif({{ denominator }}, 0)
{%- endmacro %}

{#- Likes + comments + shares + saves; NULL while one of them is unknown. -#}
{% macro engagements(likes='likes_count', comments='comments_count', shares='shares_count', saves='saves_count') -%}
    ({{ likes }} + {{ comments }} + {{ shares }} + {{ saves }})
{%- endmacro %}
