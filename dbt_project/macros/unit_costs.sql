{#- What a unit of a line costs: the cost a file names from a day on goes before the one the shop shows now. -#}

{#- CTEs unit_costs, file_costs and variants. -#}
{% macro unit_cost_ctes() -%}
unit_costs as (

    select
        sku,
        valid_from_date,
        max(unit_cost_amount) as unit_cost_amount,
        max(currency_code) as currency_code
    from {{ ref('stg_files__unit_costs') }}
    group by sku, valid_from_date

),

-- Joined by hash: a lookup per line would read the whole file for each.
file_costs as (

    select
        *,
        lead(valid_from_date) over (partition by sku order by valid_from_date) as next_from_date
    from unit_costs

),

variants as (

    select * from {{ ref('int_variants_latest') }}

)
{%- endmacro %}

{#- Joins of both CTEs to lines (connection_id, variant_id, sku) and the day of their order. -#}
{% macro join_unit_costs(line, order_date) -%}
    left join file_costs
        on
            {{ line }}.sku = file_costs.sku
            and {{ order_date }} >= file_costs.valid_from_date
            and (
                file_costs.next_from_date is null
                or {{ order_date }} < file_costs.next_from_date
            )
    left join variants
        on
            {{ line }}.connection_id = variants.connection_id
            and {{ line }}.variant_id = variants.variant_id
{%- endmacro %}

{#- The cost in a campaign's currency; NULL while nobody names one. -#}
{% macro unit_cost(currency_code, order_date) -%}
    coalesce(
            case
                when file_costs.sku is not null
                    then
                        {{ converted_amount(
                            'file_costs.unit_cost_amount',
                            'file_costs.currency_code',
                            currency_code,
                            order_date
                        ) }}
            end,
            case
                when
                    coalesce(variants.unit_cost_currency_code, {{ currency_code }})
                    = {{ currency_code }}
                    then variants.unit_cost_amount
            end
        )
{%- endmacro %}
