-- One row per shop and variant: what the shop said of it last. A table: every snapshot of every
-- variant would be sorted again by each of its readers.
{{ config(
    materialized='table',
    pre_hook='{{ join_whole_tables() }}',
    post_hook='analyze {{ this }}',
) }}

with

newest as (

    select
        connection_id,
        variant_id,
        max(window_start) as window_start
    from {{ ref('stg_shopify__product_variants') }}
    group by connection_id, variant_id

)

select
    variants.connection_id,
    variants.variant_id,
    variants.product_title,
    variants.variant_title,
    variants.unit_cost_amount,
    variants.unit_cost_currency_code
from newest
inner join {{ ref('stg_shopify__product_variants') }} as variants
    on
        newest.connection_id = variants.connection_id
        and newest.variant_id = variants.variant_id
        and newest.window_start = variants.window_start
