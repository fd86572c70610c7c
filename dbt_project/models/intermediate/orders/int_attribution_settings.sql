-- The rules and settings the credits were built with, one row each: when they differ, the next run
-- rebuilds every order (intermediate.int_orders_affected reads this table before it is replaced).
{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with

settings as (

    {{ attribution_settings() | indent(4) }}

)

select * from settings
-- depends_on: {{ ref('int_posts_applied') }}
