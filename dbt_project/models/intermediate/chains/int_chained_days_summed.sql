-- Kept orders under `markov_path`, summed by business date, as they were when the run began: the
-- solves of the run itself come later. int_chained_credits_summed puts what changed since in place.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        '{{ join_whole_tables() }}',
        '{{ open_rebuilt_days() }}',
        '{{ collect_chained_days() }}',
        '{{ forget_rebuilt_days() }}',
        "{{ forget_collected_days('chained_days_to_rebuild') }}",
    ],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['connection_id', 'order_date']}],
) }}

{{ chained_sums('chained_days_to_rebuild' if is_incremental() else none) }}
-- depends_on: {{ ref('int_orders_affected') }} {{ ref('fct_order') }}
-- depends_on: {{ ref('int_chain_days') }}
-- depends_on: {{ ref('int_credits_chained') }} {{ ref('fct_touchpoint') }}
-- depends_on: {{ ref('dim_campaign') }}
-- depends_on: {{ source('analysis', 'rebuilt_days') }} {{ source('analysis', 'day_readers') }}
-- depends_on: {{ source('analysis', 'markov_solves') }}
