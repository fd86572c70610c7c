-- One rate per currency and calendar date. The ECB sets none on weekends and holidays: such a date
-- has the last one before it, and says so. A rate is carried until the next one, at most a week
-- (the longest run of days without rates is five; a currency that is not quoted any more must end),
-- never beyond the last date that was read: nobody knows yet whether that one will have its own.
{% set carried_days = 7 %}

with

published as (

    select * from {{ ref('stg_exchange_rates__rates') }}

),

read_until as (

    select
        connection_id,
        max(cast(partition_key as date)) as last_date
    from {{ source('quality', 'load_windows') }}
    where source = 'exchange_rates' and stream = 'rates' and status = 'loaded'
    group by connection_id

),

-- The euro against itself, so that every conversion is one join.
quoted as (

    select
        connection_id,
        currency_code,
        rate_date,
        units_per_euro,
        load_id
    from published

    union all

    select
        connection_id,
        'EUR' as currency_code,
        rate_date,
        1 as units_per_euro,
        max(load_id) as load_id
    from published
    group by connection_id, rate_date

),

spans as (

    select
        *,
        lead(rate_date) over (
            partition by connection_id, currency_code
            order by rate_date
        ) as next_rate_date
    from quoted

),

offsets as (

    {% for days in range(carried_days + 1) %}
    select {{ days }} as carried_day_count
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

final as (

    select
        spans.connection_id,
        spans.currency_code,
        {{ days_after('spans.rate_date', 'offsets.carried_day_count') }} as calendar_date,
        spans.rate_date,
        offsets.carried_day_count > 0 as is_carried_forward,
        cast(spans.units_per_euro as numeric) as units_per_euro,
        spans.load_id
    from spans
    cross join offsets
    left join read_until on spans.connection_id = read_until.connection_id
    where
        offsets.carried_day_count = 0
        or (
            {{ days_after('spans.rate_date', 'offsets.carried_day_count') }} <= read_until.last_date
            and (
                spans.next_rate_date is null
                or {{ days_after('spans.rate_date', 'offsets.carried_day_count') }}
                < spans.next_rate_date
            )
        )

)

select * from final
