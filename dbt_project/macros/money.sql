{#- An amount of a day in another currency, at that day's reference rate (weekends and holidays carry
the last one). Where no rate of the day is known yet it is the last one before, and before the first
rate that one; NULL only for a currency without any rate. Nothing is touched where the currencies
agree, so a shop of one currency needs no rates. Rounded to the cent by the caller. -#}
{% macro converted_amount(amount, currency_code, target_currency_code, day) -%}
    case
        when {{ currency_code }} = {{ target_currency_code }} then {{ amount }}
        else
            {{ amount }}
            * {{ units_per_euro(target_currency_code, day) }}
            / {{ units_per_euro(currency_code, day) }}
    end
{%- endmacro %}

{% macro units_per_euro(currency_code, day) -%}
    (
        select rates.units_per_euro
        from {{ ref('fct_exchange_rate_daily') }} as rates
        where rates.currency_code = {{ currency_code }}
        order by
            case when rates.calendar_date <= {{ day }} then 0 else 1 end,
            abs(rates.calendar_date - {{ day }})
        limit 1
    )
{%- endmacro %}
