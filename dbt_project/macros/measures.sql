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

{#- True when one of the kinds stands in a touch's evidence. -#}
{% macro has_evidence(touch, kinds) -%}
    (
        {%- for kind in kinds %}
        position(
            ',{{ kind }},'
            in ',' || coalesce({{ touch }}.evidence_type, '') || ',' || {{ touch }}.evidence_types || ','
        ) > 0
        {{- ' or' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- Evidence that a link, page or session gives: somebody came through the creator. -#}
{% macro has_link_evidence(touch) -%}
    {{ has_evidence(touch, ['utm_link', 'landing_page', 'ga4_session', 'ga4_event']) }}
{%- endmacro %}

{#- Evidence that a code gives, while the code is only the creator's audience's. -#}
{% macro has_code_evidence(touch) -%}
    {{ has_evidence(touch, ['discount_code']) }}
{%- endmacro %}

{% macro has_survey_evidence(touch) -%}
    {{ has_evidence(touch, ['survey']) }}
{%- endmacro %}

{#- What a touch is known by; the first that fits. What a customer says and a code that is known to be
public never pass for a link or a code. -#}
{% macro evidence_class(touch) -%}
    case
        when {{ touch }}.evidence_type = 'in_app_shop' then 'in_app'
        when {{ touch }}.channel_type <> 'creator' then 'other_visit'
        when {{ has_link_evidence(touch) }} and {{ has_code_evidence(touch) }} then 'link_and_code'
        when {{ has_link_evidence(touch) }} then 'link'
        when {{ has_code_evidence(touch) }} then 'code'
        when {{ has_survey_evidence(touch) }} then 'survey'
        else 'compromised_code'
    end
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

{#- Ends of the 90 % interval of a rate of small counts (Wilson, JASA 22 (1927) 209-212, z = 1.645):
inside 0-1 also where nothing or all happened. NULL without a denominator, and where the numerator
is greater, because then it is no rate of these units. -#}
{% macro rate_low(numerator, denominator) -%}
    {{ _wilson_end(numerator, denominator, '-') }}
{%- endmacro %}

{% macro rate_high(numerator, denominator) -%}
    {{ _wilson_end(numerator, denominator, '+') }}
{%- endmacro %}

{#- A rate of small counts and both ends of its interval: three columns. -#}
{% macro rate_with_ends(name, numerator, denominator) -%}
    {{ ratio(numerator, denominator) }} as {{ name }},
        {{ rate_low(numerator, denominator) }} as {{ name }}_low,
        {{ rate_high(numerator, denominator) }} as {{ name }}_high
{%- endmacro %}

{% macro _wilson_end(numerator, denominator, sign) -%}
    case
        when {{ denominator }} > 0 and {{ numerator }} >= 0 and {{ numerator }} <= {{ denominator }}
            then cast(
                least(greatest((
                    {{ numerator }} + 1.352771727
                    {{ sign }} 1.644853627 * sqrt(
                        cast({{ numerator }} as numeric)
                        * ({{ denominator }} - {{ numerator }}) / {{ denominator }}
                        + 0.6763858635
                    )
                ) / ({{ denominator }} + 2.705543454), 0), 1)
                as numeric(18, 6)
            )
    end
{%- endmacro %}

{#- Ends of the 90 % interval of a count of independent events: Byar's approximation to Poisson's
limits (Breslow & Day, Statistical Methods in Cancer Research II, 1987, 2.3), also between integers.
Of no event the upper end is 2.97 (exact: 3.00). -#}
{% macro count_low(count) -%}
    case
        when {{ count }} > 0 then {{ count }} * power(
            greatest(
                1 - 1 / (9.0 * {{ count }}) - 1.644853627 / (3 * sqrt(cast({{ count }} as numeric))),
                0
            ),
            3
        )
        else 0
    end
{%- endmacro %}

{% macro count_high(count) -%}
    ({{ count }} + 1) * power(
        1 - 1 / (9.0 * ({{ count }} + 1))
        + 1.644853627 / (3 * sqrt(cast({{ count }} + 1 as numeric))),
        3
    )
{%- endmacro %}

{#- The n-th of so many equal parts of an amount, to the cent; the parts add up to it. 0 without n. -#}
{% macro nth_part(value, number, count) -%}
    {{ amount(
        'coalesce(round((' ~ value ~ ') * ' ~ number ~ ' / nullif(' ~ count ~ ', 0), 2)'
        ~ ' - round((' ~ value ~ ') * (' ~ number ~ ' - 1) / nullif(' ~ count ~ ', 0), 2), 0)'
    ) }}
{%- endmacro %}

{#- Rows for which a condition holds. -#}
{% macro count_where(condition) -%}
    count(case when {{ condition }} then 1 end)
{%- endmacro %}

{#- A count, 0 where nothing was counted. -#}
{% macro whole_count(count) -%}
    cast(coalesce({{ count }}, 0) as bigint)
{%- endmacro %}
