{#- Values of a window in its order where a condition holds; NULL when it holds nowhere. -#}
{% macro list_of(value, condition, window) -%}
    {{ return(adapter.dispatch('list_of', 'groundswell')(value, condition, window)) }}
{%- endmacro %}

{% macro default__list_of(value, condition, window) -%}
    array_agg({{ value }}) filter (where {{ condition }}) over ({{ window }})
{%- endmacro %}

{#- The first so many values of a list; a list that is no longer is handed on as it is. -#}
{% macro first_places(list, count) -%}
    {{ return(adapter.dispatch('first_places', 'groundswell')(list, count)) }}
{%- endmacro %}

{% macro default__first_places(list, count) -%}
    case
                        when cardinality({{ list }}) = {{ count }} then {{ list }}
                        else {{ list }}[1:cast({{ count }} as integer)]
                    end
{%- endmacro %}

{#- How many values a list holds; 0 for NULL. -#}
{% macro length_of(list) -%}
    {{ return(adapter.dispatch('length_of', 'groundswell')(list)) }}
{%- endmacro %}

{% macro default__length_of(list) -%}
    cast(coalesce(cardinality({{ list }}), 0) as bigint)
{%- endmacro %}

{#- How often a value stands in a list. -#}
{% macro times_in(value, list) -%}
    {{ return(adapter.dispatch('times_in', 'groundswell')(value, list)) }}
{%- endmacro %}

{% macro default__times_in(value, list) -%}
    cast(coalesce(cardinality(array_positions({{ list }}, {{ value }})), 0) as bigint)
{%- endmacro %}

{#- Most paths are short, and what two places hold is told without a search. -#}
{% macro postgres__times_in(value, list) -%}
    cast(
                case cardinality({{ list }})
                    when 1 then case when {{ list }}[1] = {{ value }} then 1 else 0 end
                    when 2
                        then
                            case when {{ list }}[1] = {{ value }} then 1 else 0 end
                            + case when {{ list }}[2] = {{ value }} then 1 else 0 end
                    else coalesce(cardinality(array_positions({{ list }}, {{ value }})), 0)
                end as bigint
            )
{%- endmacro %}

{#- How many different values a list of names holds; 0 for NULL. -#}
{% macro distinct_in(list) -%}
    {{ return(adapter.dispatch('distinct_in', 'groundswell')(list)) }}
{%- endmacro %}

{% macro default__distinct_in(list) -%}
    (select count(distinct listed.name) from unnest({{ list }}) as listed (name))
{%- endmacro %}

{#- A list of lexemes drops repeats in one call; a subquery per row takes ten times as long. Names of channels
are never empty and far from its limit of two thousand bytes. -#}
{% macro postgres__distinct_in(list) -%}
    cast(
                case
                    when cardinality({{ list }}) > 2 then length(array_to_tsvector({{ list }}))
                    when {{ list }}[1] = {{ list }}[2] then 1
                    else coalesce(cardinality({{ list }}), 0)
                end as bigint
            )
{%- endmacro %}

{#- The first value of a list that is not the given one; NULL without a given one. -#}
{% macro first_other_than(value, list) -%}
    {{ return(adapter.dispatch('first_other_than', 'groundswell')(value, list)) }}
{%- endmacro %}

{% macro default__first_other_than(value, list) -%}
    case when {{ value }} is not null then (array_remove({{ list }}, {{ value }}))[1] end
{%- endmacro %}
