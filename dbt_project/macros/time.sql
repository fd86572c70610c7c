{#- Business date of an instant in a named time zone; DST is the database's business. -#}
{% macro business_date(instant, timezone) -%}
    {{ return(adapter.dispatch('business_date', 'groundswell')(instant, timezone)) }}
{%- endmacro %}

{% macro default__business_date(instant, timezone) -%}
    cast({{ instant }} at time zone {{ timezone }} as date)
{%- endmacro %}

{#- First instant of a business date in a named time zone. -#}
{% macro day_start(day, timezone) -%}
    {{ return(adapter.dispatch('day_start', 'groundswell')(day, timezone)) }}
{%- endmacro %}

{% macro default__day_start(day, timezone) -%}
    cast({{ day }} as timestamp) at time zone {{ timezone }}
{%- endmacro %}

{#- An instant to the second: shops tell theirs so, GA4 to the microsecond. -#}
{% macro whole_second(instant) -%}
    {{ return(adapter.dispatch('whole_second', 'groundswell')(instant)) }}
{%- endmacro %}

{% macro default__whole_second(instant) -%}
    date_trunc('second', {{ instant }})
{%- endmacro %}

{#- An instant moved by a number of units, to the second; days are 86,400 s in every zone. -#}
{% macro seconds_before(instant, seconds) -%}
    {{ return(adapter.dispatch('seconds_before', 'groundswell')(instant, seconds)) }}
{%- endmacro %}

{% macro default__seconds_before(instant, seconds) -%}
    {{ instant }} - ({{ seconds }}) * interval '1 second'
{%- endmacro %}

{% macro seconds_after(instant, seconds) -%}
    {{ return(adapter.dispatch('seconds_after', 'groundswell')(instant, seconds)) }}
{%- endmacro %}

{% macro default__seconds_after(instant, seconds) -%}
    {{ instant }} + ({{ seconds }}) * interval '1 second'
{%- endmacro %}

{#- Seconds from one instant to a later one. -#}
{% macro seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('seconds_between', 'groundswell')(earlier, later)) }}
{%- endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    extract(epoch from {{ later }} - {{ earlier }})
{%- endmacro %}

{#- A date moved by whole days; negative goes back. -#}
{% macro days_after(day, days) -%}
    {{ return(adapter.dispatch('days_after', 'groundswell')(day, days)) }}
{%- endmacro %}

{% macro default__days_after(day, days) -%}
    cast({{ day }} + ({{ days }}) * interval '1 day' as date)
{%- endmacro %}

{#- The time zone of the plan; every campaign of a checkout has the same one (tested). -#}
{% macro reporting_timezone() -%}
    (select min(reporting_timezone) from {{ ref('stg_campaign_plan__campaigns') }})
{%- endmacro %}

{#- Instant of a text "YYYY-MM-DD HH:MM:SS" that a browser wrote in UTC; NULL for any other text. It comes
from outside, so a day that no month has must not fail the build: it counts on into the next month. -#}
{% macro browser_time(text) -%}
    {{ return(adapter.dispatch('browser_time', 'groundswell')(text)) }}
{%- endmacro %}

{% macro default__browser_time(text) -%}
    case
        when
            {{ text }}
            ~ '^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d$'
            then (
                make_timestamp(
                    cast(substring({{ text }}, 1, 4) as integer),
                    cast(substring({{ text }}, 6, 2) as integer),
                    1, 0, 0, 0
                )
                + (cast(substring({{ text }}, 9, 2) as integer) - 1) * interval '1 day'
                + cast(substring({{ text }}, 12) as interval)
            ) at time zone 'UTC'
    end
{%- endmacro %}

{#- Zone of a fixed offset from UTC in hours (5.5); its sign is turned, as POSIX counts west of UTC. -#}
{% macro offset_zone(hours) -%}
    {{ return(adapter.dispatch('offset_zone', 'groundswell')(hours)) }}
{%- endmacro %}

{% macro default__offset_zone(hours) -%}
    '<SHOP>'
    || case when {{ hours }} > 0 then '-' else '+' end
    || to_char(abs({{ hours }}) * interval '1 hour', 'HH24:MI')
{%- endmacro %}

{#- The ages in days at which pieces are compared, one row each. -#}
{% macro comparison_windows() -%}
    {%- for days in var('comparison_window_days') -%}
    select {{ days }} as window_days
    {{- ' union all ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
