{#- Which touches of an order take part, in which order.

touches: a relation or CTE with connection_id, order_id, touch_id, touched_at, ordered_at, anchored_at,
  evidence_rank, channel_type, lookback_days; further columns pass through.
direct_policy: drop_unless_only (direct leaves a path that has any other touch) or keep.

The window is closed at both ends, to the second: anchored_at is where a touch's age runs from, its own
instant for dated evidence. Adds rule_version, is_in_window, is_in_path, dropped_reason, touch_number
(1 is the earliest; instant, evidence rank, touch id) and touch_count. -#}
{% macro attribution_paths(touches, direct_policy=var('direct_policy')) -%}
    {%- if direct_policy not in ('drop_unless_only', 'keep') -%}
        {{ exceptions.raise_compiler_error(
            "direct_policy is " ~ direct_policy ~ "; allowed: drop_unless_only, keep"
        ) }}
    {%- endif -%}
    with

    windowed as (

        select
            touches.*,
            touches.touched_at <= touches.ordered_at
            and touches.anchored_at
            >= {{ seconds_before('touches.ordered_at', 'touches.lookback_days * 86400') }}
                as is_in_window
        from {{ touches }} as touches

    ),

    accompanied as (

        select
            windowed.*,
            max(
                case when windowed.is_in_window and windowed.channel_type <> 'direct' then 1 else 0 end
            ) over (partition by windowed.connection_id, windowed.order_id) = 1 as has_other_than_direct
        from windowed

    ),

    judged as (

        select
            accompanied.*,
            'all' as rule_version,
            case
                when not accompanied.is_in_window then 'outside_lookback'
                {%- if direct_policy == 'drop_unless_only' %}
                when accompanied.channel_type = 'direct' and accompanied.has_other_than_direct
                    then 'direct_beside_others'
                {%- endif %}
            end as dropped_reason
        from accompanied

    )

    select
        judged.*,
        judged.dropped_reason is null as is_in_path,
        case
            when judged.dropped_reason is null
                then row_number() over (
                    partition by
                        judged.connection_id,
                        judged.order_id,
                        judged.rule_version,
                        judged.dropped_reason is null
                    order by
                        judged.touched_at,
                        judged.evidence_rank,
                        {{ byte_order('judged.touch_id') }}
                )
        end as touch_number,
        case
            when judged.dropped_reason is null
                then count(*) over (
                    partition by
                        judged.connection_id,
                        judged.order_id,
                        judged.rule_version,
                        judged.dropped_reason is null
                )
        end as touch_count
    from judged
{%- endmacro %}
