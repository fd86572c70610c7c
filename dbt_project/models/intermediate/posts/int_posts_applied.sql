-- The campaigns' posts that the facts were last built with: intermediate.int_orders_affected
-- compares them before this is brought up to date, and notes those it builds anew as not settled.
{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with

posts as (

    select
        campaign_id,
        creator_id,
        platform,
        post_id,
        published_at,
        true as is_settled
    from {{ ref('int_posts_matched') }}

)

select * from posts
-- Built after everything that is built anew for affected orders: what is noted needs no building.
-- depends_on: {{ ref('fct_attribution_credit') }} {{ ref('fct_order_line') }}
-- depends_on: {{ ref('fct_refund_line') }} {{ ref('int_code_redemptions') }}
-- depends_on: {{ ref('int_path_summary') }}
