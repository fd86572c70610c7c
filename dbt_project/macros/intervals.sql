{#- The sums over units (creators, say) from which a ratio of sums and its interval follow, as columns
named <name>_n, _y, _x, _yy, _xx, _xy. A unit counts when both its numbers are known. -#}
{% macro ratio_moments(name, numerator, denominator) -%}
    {%- set known = numerator ~ ' is not null and ' ~ denominator ~ ' is not null' -%}
    {{ count_where(known) }} as {{ name }}_n,
    {%- for moment, value in [
        ('y', numerator),
        ('x', denominator),
        ('yy', numerator ~ ' * ' ~ numerator),
        ('xx', denominator ~ ' * ' ~ denominator),
        ('xy', numerator ~ ' * ' ~ denominator),
    ] %}
    sum(case when {{ known }} then cast({{ value }} as numeric) end) as {{ name }}_{{ moment }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- Ends of the 90 % interval of a ratio of sums over units: R ± t · √(n ÷ (n - 1) · Σ(y - R x)²) ÷ Σx
(Cochran, Sampling Techniques, 3rd ed., section 6.3), never below 0. NULL under three units, because
two say nothing of how units differ. -#}
{% macro ratio_low(name) -%}
    {#- greatest() would pass 0 for an unknown end. -#}
    case when {{ name }}_n >= 3 then greatest({{ _ratio_end(name, '-') }}, 0) end
{%- endmacro %}

{% macro ratio_high(name) -%}
    {{ _ratio_end(name, '+') }}
{%- endmacro %}

{% macro _ratio_end(name, sign) -%}
    case
        when {{ name }}_n >= 3 and {{ name }}_x > 0 then
            {{ name }}_y / {{ name }}_x {{ sign }} {{ student_t95(name ~ '_n - 1') }} * sqrt(
                {{ name }}_n / ({{ name }}_n - 1.0) * greatest(
                    {{ name }}_yy
                    - 2 * {{ name }}_y / {{ name }}_x * {{ name }}_xy
                    + {{ name }}_y * {{ name }}_y / ({{ name }}_x * {{ name }}_x) * {{ name }}_xx,
                    0
                )
            ) / {{ name }}_x
    end
{%- endmacro %}

{#- What a share of the level's 5 % leaves above it in Student's t: the expansion in 1 ÷ freedom of
Abramowitz & Stegun 26.7.5, off by 0.3 % at 2 degrees and less above. -#}
{% macro student_t95(freedom) -%}
    (
        1.644853627 + 1.523769 / ({{ freedom }}) + 1.420203 / power({{ freedom }}, 2)
        + 0.983002 / power({{ freedom }}, 3) + 0.433880 / power({{ freedom }}, 4)
    )
{%- endmacro %}

{#- Cost per unit from units per cost: the interval's ends change places, and where the lower end is 0
no upper one can be told. -#}
{% macro cost_per(name, factor) -%}
    cast({{ factor }} * {{ name }}_x / nullif({{ name }}_y, 0) as numeric(18, 6))
{%- endmacro %}

{% macro cost_per_low(name, factor) -%}
    cast({{ factor }} / nullif({{ ratio_high(name) }}, 0) as numeric(18, 6))
{%- endmacro %}

{% macro cost_per_high(name, factor) -%}
    cast({{ factor }} / nullif({{ ratio_low(name) }}, 0) as numeric(18, 6))
{%- endmacro %}

{#- The same of countable things: where none came, the cost of one is at least the cost ÷ 3.0, the most that show
none in one case of twenty (Poisson). -#}
{% macro cost_per_counted_low(name) -%}
    case
            when {{ name }}_y = 0 then cast({{ name }}_x / 2.995732 as numeric(18, 6))
            else {{ cost_per_low(name, 1) }}
        end
{%- endmacro %}

{#- Ends of the 90 % interval of a rate of countable things (purchases per session) over units: as far as the
units differ, and never nearer than the things alone allow (Wilson): without any, all units are alike. Under
three units the things alone, for least() and greatest() pass over an unknown end. -#}
{% macro counted_rate_low(name) -%}
    least({{ ratio_low(name) }}, {{ rate_low(_counted(name), name ~ '_x') }})
{%- endmacro %}

{% macro counted_rate_high(name) -%}
    greatest({{ ratio_high(name) }}, {{ rate_high(_counted(name), name ~ '_x') }})
{%- endmacro %}

{#- A session may hold two purchases: of those that may hold one. -#}
{% macro _counted(name) -%}
    least({{ name }}_y, {{ name }}_x)
{%- endmacro %}

{#- Ends of the 90 % interval of a ratio q of two rates r and s of different creators, from the interval
of each at its own t. With half-widths g and h they are the roots of (r - q s)² = g² + q² h² (Fieller,
JRSS B 16 (1954) 175-185; from separate intervals: Donner & Zou, Statistical Methods in Medical Research 21
(2012) 347-359), never below 0. A half-width is the upper end's, for the lower one may be cut at 0.
NULL where one of the intervals is; no upper end can be told where the divisor's interval reaches 0. -#}
{% macro relative_low(rate, divisor) -%}
    cast(
        case
            when {{ _squared_rest(rate) }} <= 0 and {{ divisor }}_high is not null then 0
            else {{ _squared_rest(rate) }} / nullif({{ _fieller_sum(rate, divisor) }}, 0)
        end as numeric(18, 6)
    )
{%- endmacro %}

{% macro relative_high(rate, divisor) -%}
    cast(
        case
            when {{ _squared_rest(divisor) }} > 0
                then {{ _fieller_sum(rate, divisor) }} / {{ _squared_rest(divisor) }}
        end as numeric(18, 6)
    )
{%- endmacro %}

{#- A rate's square less its half-width's: above 0 where the whole interval is. -#}
{% macro _squared_rest(rate) -%}
    ({{ rate }}_high * (2 * {{ rate }} - {{ rate }}_high))
{%- endmacro %}

{% macro _fieller_sum(rate, divisor) -%}
    (
        {{ rate }} * {{ divisor }} + sqrt(
            {{ rate }} * {{ rate }} * {{ divisor }} * {{ divisor }}
            - {{ _squared_rest(rate) }} * {{ _squared_rest(divisor) }}
        )
    )
{%- endmacro %}
