{#- A ratio is NULL, never 0, when its denominator is 0 or unknown. -#}
{% macro ratio(numerator, denominator) -%}
    cast(cast({{ numerator }} as numeric) / nullif({{ denominator }}, 0) as numeric(18, 6))
{%- endmacro %}

{#- Likes + comments + shares + saves; NULL while one of them is unknown. -#}
{% macro engagements(post) -%}
    {{ post }}.likes_count + {{ post }}.comments_count + {{ post }}.shares_count + {{ post }}.saves_count
{%- endmacro %}

{#- A rate of sums over rows whose numerator and denominator are both known. -#}
{% macro ratio_of_sums(numerator, denominator) -%}
    {{ ratio(
        'sum(case when ' ~ denominator ~ ' is not null then ' ~ numerator ~ ' end)',
        'sum(case when ' ~ numerator ~ ' is not null then ' ~ denominator ~ ' end)'
    ) }}
{%- endmacro %}

{#- Evidence of a touch that a link, page or session gives; that a code gives; that an answer gives. -#}
{% macro has_link_evidence(touch) -%}
    (
        {%- for kind in ['utm_link', 'landing_page', 'ga4_session', 'ga4_event'] %}
        position('{{ kind }}' in {{ touch }}.evidence_types) > 0{{ ' or' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro has_code_evidence(touch) -%}
    position('discount_code' in {{ touch }}.evidence_types) > 0
{%- endmacro %}

{% macro has_survey_evidence(touch) -%}
    position('survey' in {{ touch }}.evidence_types) > 0
{%- endmacro %}

{#- Sum of whole counts, as a whole count. -#}
{% macro sum_count(count) -%}
    cast(sum({{ count }}) as bigint)
{%- endmacro %}

{#- Money to the cent, and a sum of shares, in the marts' fixed scales. -#}
{% macro amount(value) -%}
    cast({{ value }} as numeric(18, 2))
{%- endmacro %}

{% macro share_count(value) -%}
    cast({{ value }} as numeric(18, 6))
{%- endmacro %}
