-- The fingerprint each order was last built with: intermediate.int_orders_affected compares them
-- before this is brought up to date.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        '{{ tune_transaction() }}',
        "{% if is_incremental() %}{{ forget_applied_fingerprints(this, ref('int_orders_affected')) }}"
        "{% endif %}",
    ],
    post_hook="{{ analyze_when_grown(['connection_id', 'order_id']) }}",
    indexes=[{'columns': ['connection_id', 'order_id'], 'unique': true}],
) }}

with

fingerprints as (

    select
        fingerprints.connection_id,
        fingerprints.order_id,
        fingerprints.fingerprint
    from {{ ref('int_orders_affected') }} as affected
    inner join {{ ref('int_orders_fingerprinted') }} as fingerprints
        on
            affected.connection_id = fingerprints.connection_id
            and affected.order_id = fingerprints.order_id

)

select * from fingerprints
-- depends_on: {{ ref('int_posts_applied') }}
-- depends_on: {{ source('analysis', 'restitched') }} {{ source('quality', 'load_windows') }}
-- depends_on: {{ source('quality', 'pending_loads') }} {{ ref('stg_ga4__transactions') }}
-- depends_on: {{ ref('int_orders_identified') }}
