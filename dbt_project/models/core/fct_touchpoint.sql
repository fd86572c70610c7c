{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ tune_transaction() }}', '{{ forget_affected_orders() }}'],
    post_hook="{{ analyze_when_grown(['connection_id', 'order_id', 'rule_version', 'is_in_path', 'is_dated']) }}",
    indexes=[{'columns': ['connection_id', 'order_id']}],
) }}

with

paths as (

    {{ attribution_paths(ref('int_order_touches')) | indent(4) }}

),

classified as (

    select
        paths.*,
        {{ evidence_class('paths') }} as evidence_class
    from paths

),

final as (

    select
        connection_id,
        order_id,
        rule_version,
        touch_id,
        touched_at,
        ordered_at,
        anchored_at,
        is_dated,
        evidence_rank,
        evidence_type,
        evidence_types,
        discount_codes,
        match_quality,
        channel_type,
        channel,
        campaign_id,
        creator_id,
        lookback_days,
        half_life_days,
        precedence_rank,
        is_in_window,
        is_in_path,
        dropped_reason,
        is_conflict,
        is_winner,
        runner_up_creator_id,
        evidence_class,
        touch_number,
        touch_count,
        last_non_direct_number,
        channel_touch_count,
        channel_count,
        time_decay_part
    from classified

)

select * from final
-- depends_on: {{ ref('int_orders_affected') }}
