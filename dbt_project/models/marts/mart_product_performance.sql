with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

variants as (

    select * from {{ ref('int_variants_latest') }}

),

credited as (

    select * from {{ ref('int_products_credited') }}

),

-- Rounded along the channels, so that they add up to the variant's total to the cent.
rounded as (

    select
        *,
        round(sum(net_revenue_amount) over along, 2)
        - round(sum(net_revenue_amount) over along - net_revenue_amount, 2) as net_amount
    from credited
    window along as (
        partition by campaign_id, connection_id, variant_key
        order by channel_type, channel
    )

),

names as (

    select
        connection_id,
        variant_key,
        max(product_id) as product_id,
        max(sku) as sku
    from {{ ref('int_product_credits_summed') }}
    group by connection_id, variant_key

),

final as (

    select
        rounded.campaign_id,
        rounded.connection_id,
        rounded.variant_key,
        names.product_id,
        names.sku,
        variants.product_title,
        variants.variant_title,
        rounded.channel_type,
        rounded.channel,
        campaigns.default_attribution_model as attribution_model,
        campaigns.default_rule_version as rule_version,
        campaigns.currency_code,
        {{ whole_count('rounded.line_count') }} as line_count,
        {{ whole_count('rounded.returned_line_count') }} as returned_line_count,
        {{ share_count('rounded.sold_unit_count') }} as sold_unit_count,
        {{ share_count('rounded.returned_unit_count') }} as returned_unit_count,
        {{ rate_with_ends(
            'return_rate', 'rounded.returned_unit_count', 'rounded.sold_unit_count'
        ) }},
        {{ amount('rounded.gross_amount') }} as gross_amount,
        {{ amount('rounded.discount_amount') }} as discount_amount,
        {{ amount('rounded.net_amount') }} as net_revenue_amount,
        {{ share_count('rounded.costed_unit_count') }} as costed_unit_count,
        {{ ratio('rounded.costed_unit_count', 'rounded.sold_unit_count') }} as cost_coverage_rate,
        case
            when rounded.costed_unit_count = rounded.sold_unit_count
                then {{ amount('coalesce(rounded.cost_amount, 0)') }}
        end as unit_cost_amount,
        case
            when rounded.costed_unit_count = rounded.sold_unit_count
                then {{ amount('rounded.net_amount - coalesce(rounded.cost_amount, 0)') }}
        end as margin_amount,
        facts.as_of_date
    from rounded
    inner join campaigns on rounded.campaign_id = campaigns.campaign_id
    cross join facts
    left join names
        on
            rounded.connection_id = names.connection_id
            and rounded.variant_key = names.variant_key
    left join variants
        on
            rounded.connection_id = variants.connection_id
            and rounded.variant_key = variants.variant_id

)

select * from final
