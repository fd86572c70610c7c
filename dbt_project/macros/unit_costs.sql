{#- What a unit of a line costs: the cost a file names from a day on goes before the one the shop shows now. -#}

{#- What the files say: one cost per SKU and day it holds from. -#}
{% macro costs_of_files() -%}
    select
        sku,
        valid_from_date,
        max(unit_cost_amount) as unit_cost_amount,
        max(currency_code) as currency_code
    from {{ ref('stg_files__unit_costs') }}
    group by sku, valid_from_date
{%- endmacro %}

{#- CTEs unit_costs, file_costs and variants. -#}
{% macro unit_cost_ctes() -%}
unit_costs as (

    {{ costs_of_files() | indent(4) }}

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

{#- Tells one state of all that unit_cost answers in a currency for orders up to a day from another: costs of files and
of shops and, where a file's is in another currency, the rates up to that day. Before its first rate a currency is
converted at that one, whenever it came. -#}
{% macro unit_cost_key(currency_code, last_date) -%}
    concat_ws(
            ' ',
            (
                select {{ hashed_sum([
                    'costs.sku', 'costs.valid_from_date', 'costs.unit_cost_amount', 'costs.currency_code',
                ]) }}
                from ({{ costs_of_files() | indent(16) }}) as costs
            ),
            'variants',
            (
                select {{ hashed_sum([
                    'variants.connection_id', 'variants.variant_id', 'variants.unit_cost_amount',
                    'variants.unit_cost_currency_code',
                ]) }}
                from {{ ref('int_variants_latest') }} as variants
            ),
            'rates',
            (
                select {{ hashed_sum([
                    'rates.currency_code', 'rates.calendar_date', 'rates.units_per_euro',
                ]) }}
                from (
                    select
                        known.*,
                        min(known.calendar_date) over (partition by known.currency_code) as first_date
                    from {{ ref('fct_exchange_rate_daily') }} as known
                ) as rates
                where
                    rates.calendar_date <= greatest({{ last_date }}, rates.first_date)
                    and exists (
                        select 1
                        from {{ ref('stg_files__unit_costs') }} as foreign_costs
                        where foreign_costs.currency_code <> {{ currency_code }}
                    )
            )
        )
{%- endmacro %}

{#- Campaigns with the time whose goods int_products_credited sums for them, by shop; `inputs_key` is another when
something else than orders changes what it says of one. -#}
{% macro campaigns_with_products() -%}
    select
        timed.*,
        concat_ws(
            ' ',
            timed.attribution_model,
            timed.rule_version,
            timed.currency_code,
            timed.start_date,
            timed.last_date,
            {{ unit_cost_key('timed.currency_code', 'timed.last_date') | indent(4) }}
        ) as inputs_key
    from (
        select
            campaigns.campaign_id,
            shops.shop_connection_id as connection_id,
            campaigns.default_attribution_model as attribution_model,
            campaigns.default_rule_version as rule_version,
            campaigns.currency_code,
            campaigns.start_date,
            {{ days_after('campaigns.end_date', 'campaigns.lookback_days') }} as last_date
        from {{ ref('dim_campaign') }} as campaigns
        inner join {{ ref('stg_campaign_plan__campaign_shops') }} as shops
            on campaigns.campaign_id = shops.campaign_id
    ) as timed
{%- endmacro %}
