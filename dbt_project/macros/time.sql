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

{#- An instant moved by a number of units, to the second; days are 86,400 s in every zone. -#}
{% macro seconds_before(instant, seconds) -%}
    {{ return(adapter.dispatch('seconds_before', 'groundswell')(instant, seconds)) }}
{%- endmacro %}

{% macro default__seconds_before(instant, seconds) -%}
    {{ instant }} - ({{ seconds }}) * interval '1 second'
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
