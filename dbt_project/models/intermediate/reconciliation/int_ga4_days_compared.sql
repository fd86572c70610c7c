{%- set causes = [
    'cancelled', 'refund_timing', 'time_zone', 'consent', 'duplicate', 'value_basis',
    'sales_channel', 'event_not_fired', 'currency', 'test_order',
] -%}
-- One row per shop and business date: what GA4 counts as purchases, why it cannot be compared, and
-- per cause, and of all of them, what of the ledger it does not show. It compares no order: gaps
-- and purchases are summed in a table of their own. A table, for two marts ask.
{{ config(
    materialized='table',
    pre_hook='{{ join_whole_tables() }}',
    post_hook='analyze {{ this }}',
) }}

with

properties as (

    select * from {{ ref('int_ga4_properties_matched') }}

),

-- A day GA4 was read for has its totals, sales or not.
read_days as (

    select distinct
        properties.connection_id,
        totals.session_date as order_date
    from {{ ref('stg_ga4__session_totals') }} as totals
    inner join properties
        on
            totals.connection_id = properties.ga4_connection_id
            and totals.property_id = properties.property_id

),

summed as (

    select * from {{ ref('int_ga4_gaps_summed') }}

),

purchased as (

    select
        connection_id,
        gap_date as order_date,
        sum(case when cause in ('told', 'nameless') then gap_amount else 0 end) as purchase_amount,
        -- An id that names no order explains nothing.
        sum(case when cause = 'nameless' then -gap_amount else 0 end) as nameless_amount,
        max(case when cause in ('told_without_rate', 'nameless_without_rate') then 1 else 0 end)
            as has_unknown_rate
    from summed
    where cause in ('told', 'told_without_rate', 'nameless', 'nameless_without_rate')
    group by connection_id, gap_date

),

caused as (

    select
        connection_id,
        gap_date as order_date,
        sum(gap_amount) as gap_amount,
        sum(case when cause = 'unexplained' then gap_amount else 0 end) as unexplained_gap_amount,
    {%- for cause in causes %}
    sum(case when cause = '{{ cause }}' then gap_amount else 0 end) as {{ cause }}_amount
    {{- ',' if not loop.last }}
    {%- endfor %}
    from summed
    where cause = 'unexplained' or cause in {{ quoted_list(causes) }}
    group by connection_id, gap_date

),

final as (

    select
        coalesce(read_days.connection_id, purchased.connection_id) as connection_id,
        coalesce(read_days.order_date, purchased.order_date) as order_date,
        case when purchased.has_unknown_rate = 1 then 'no_exchange_rate' end
            as ga4_unavailable_reason,
        {{ amount('coalesce(purchased.purchase_amount, 0)') }} as ga4_purchase_amount,
        {{ amount('coalesce(caused.gap_amount, 0) + coalesce(purchased.nameless_amount, 0)') }}
            as gap_amount,
        {{ amount(
            'coalesce(caused.unexplained_gap_amount, 0) + coalesce(purchased.nameless_amount, 0)'
        ) }} as unexplained_gap_amount,
    {%- for cause in causes %}
    {{ amount('coalesce(caused.' ~ cause ~ '_amount, 0)') }} as {{ cause }}_amount
    {{- ',' if not loop.last }}
    {%- endfor %}
    from read_days
    full outer join purchased
        on
            read_days.connection_id = purchased.connection_id
            and read_days.order_date = purchased.order_date
    left join caused
        on
            coalesce(read_days.connection_id, purchased.connection_id) = caused.connection_id
            and coalesce(read_days.order_date, purchased.order_date) = caused.order_date

)

select * from final
