-- Every rule version an order is credited under holds the same entries with the same money, and an
-- order near a campaign has them all: no version gains or loses a cent against the default.
with

entries as (

    select
        connection_id,
        order_id,
        event_date,
        rule_version,
        max(conversion_count) as conversion_count
    {%- for model in var('attribution_models') %},
    sum({{ model.name }}_amount) as {{ model.name }}_amount
    {%- endfor %}
    from {{ ref('fct_attribution_credit') }}
    group by connection_id, order_id, event_date, rule_version

),

versions as (

    select
        connection_id,
        order_id,
        count(distinct rule_version) as version_count
    from entries
    group by connection_id, order_id

)

select
    entries.connection_id,
    entries.order_id,
    entries.event_date
from entries
inner join versions
    on
        entries.connection_id = versions.connection_id
        and entries.order_id = versions.order_id
group by entries.connection_id, entries.order_id, entries.event_date
having
    count(*) <> max(versions.version_count)
    or max(versions.version_count) not in (1, {{ var('attribution_rule_versions') | length }})
    or max(case when entries.rule_version = '{{ var("attribution_rule_versions")[0] }}' then 1 else 0 end) = 0
    or min(entries.conversion_count) <> max(entries.conversion_count)
    {%- for model in var('attribution_models') %}
    or min(entries.{{ model.name }}_amount) <> max(entries.{{ model.name }}_amount)
    {%- endfor %}
