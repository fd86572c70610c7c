{#- The rules that are computed: rows of the seed for the versions of the variable. -#}
{% macro precedence_rules() -%}
    (
        select precedence.*
        from {{ ref('ref_precedence_rule') }} as precedence
        where precedence.rule_version in {{ quoted_list(var("attribution_rule_versions")) }}
    )
{%- endmacro %}

{#- Which touches of an order take part under each rule version, in which order, and which one wins.

touches: a relation or CTE with connection_id, order_id, touch_id, touched_at, ordered_at, anchored_at,
  evidence_rank, evidence_type, evidence_types, channel_type, channel, creator_id, lookback_days, and
  three settings as data: direct_policy (drop_unless_only: direct leaves a path that has any other
  touch; keep), collapses_repeats (true keeps the last of a run of equal neighbours) and
  has_every_rule_version (false: the default version only). Further columns pass through.
rules: rows of ref_precedence_rule.

The window is closed at both ends, to the second: anchored_at is where a touch's age runs from, its own
instant for dated evidence. A channel holds the best rank among its evidence in the window; under a
version that ranks evidence, only the channels that hold the order's best rank take part.

Adds rule_version, precedence_rank, is_in_window, dropped_reason, is_in_path, touch_number (1 is the
earliest; instant, evidence rank, touch id), touch_count, channel_touch_count, channel_count,
last_non_direct_number, is_conflict, is_winner and runner_up_creator_id (who would have won without the
winner). The partitions share one prefix, so the rows are sorted by order once. -#}
{% macro attribution_paths(touches, rules=none) -%}
    {%- set of_order = 'partition by connection_id, order_id, rule_version' -%}
    {%- set of_channel = of_order ~ ', channel' -%}
    {%- set by_instant = 'order by touched_at, evidence_rank, ' ~ byte_order('touch_id') -%}
    with

    -- Few distinct lists of evidence, many touches: the rules are looked up per list.
    evidence_lists as (

        select distinct
            evidence_type,
            evidence_types
        from {{ touches }}

    ),

    ranked_lists as (

        select
            evidence_lists.evidence_type,
            evidence_lists.evidence_types,
            rules.rule_version,
            min(rules.precedence_rank) as precedence_rank,
            max(
                case when rules.evidence_type = evidence_lists.evidence_type then rules.window_days end
            ) as window_days,
            max(rules.tie_break) as tie_break
        from evidence_lists
        inner join {{ rules or precedence_rules() }} as rules
            on
                position(
                    ',' || rules.evidence_type || ','
                    in ',' || evidence_lists.evidence_type || ',' || evidence_lists.evidence_types || ','
                ) > 0
        group by evidence_lists.evidence_type, evidence_lists.evidence_types, rules.rule_version

    ),

    windowed as (

        select
            touches.*,
            ranked_lists.rule_version,
            ranked_lists.precedence_rank,
            ranked_lists.tie_break,
            touches.touched_at <= touches.ordered_at
            and touches.anchored_at
            >= {{ seconds_before(
                'touches.ordered_at',
                'coalesce(ranked_lists.window_days, touches.lookback_days) * 86400'
            ) }} as is_in_window
        from {{ touches }} as touches
        inner join ranked_lists
            on
                touches.evidence_type = ranked_lists.evidence_type
                and touches.evidence_types = ranked_lists.evidence_types
        where
            touches.has_every_rule_version
            or ranked_lists.rule_version = '{{ var("attribution_rule_versions")[0] }}'

    ),

    held as (

        select
            *,
            min(case when is_in_window then precedence_rank end) over (
                {{ of_order }}
            ) as order_rank,
            min(case when is_in_window then precedence_rank end) over (
                {{ of_channel }}
            ) as channel_rank,
            coalesce(
                min(case when is_in_window then creator_id end) over ({{ of_order }})
                <> max(case when is_in_window then creator_id end) over ({{ of_order }}),
                false
            ) as is_conflict
        from windowed

    ),

    accompanied as (

        select
            *,
            max(
                case
                    when is_in_window and channel_type <> 'direct' and channel_rank = order_rank then 1
                    else 0
                end
            ) over ({{ of_order }}) = 1 as has_other_than_direct
        from held

    ),

    judged as (

        select
            *,
            case
                when not is_in_window then 'outside_lookback'
                when channel_rank > order_rank then 'outranked'
                when
                    direct_policy = 'drop_unless_only'
                    and channel_type = 'direct'
                    and has_other_than_direct
                    then 'direct_beside_others'
            end as judged_reason
        from accompanied

    ),

    collapsed as (

        select
            *,
            case
                when
                    collapses_repeats
                    and judged_reason is null
                    and channel = lead(channel) over (
                        {{ of_order }}, case when judged_reason is null then 1 else 0 end {{ by_instant }}
                    )
                    then 'repeated_channel'
                else judged_reason
            end as dropped_reason
        from judged

    ),

    numbered as (

        select
            *,
            row_number() over ({{ of_order }} {{ by_instant }}) as instant_number,
            sum(case when dropped_reason is null then 1 else 0 end) over (
                {{ of_order }} {{ by_instant }} rows unbounded preceding
            ) as kept_number,
            sum(case when dropped_reason is null then 1 else 0 end) over ({{ of_order }}) as touch_count,
            sum(case when dropped_reason is null then 1 else 0 end) over (
                {{ of_channel }}
            ) as channel_touch_count
        from collapsed

    ),

    placed as (

        select
            *,
            -- Each touch of a channel holds its part of 1, so the parts add up to the channels.
            cast(
                round(
                    sum(
                        case
                            when dropped_reason is null
                                then cast(1 as double precision) / channel_touch_count
                            else 0
                        end
                    ) over ({{ of_order }})
                ) as bigint
            ) as channel_count,
            max(
                case when dropped_reason is null and channel_type <> 'direct' then kept_number end
            ) over ({{ of_order }}) as last_non_direct_number,
            row_number() over (
                {{ of_order }}
                order by
                    case when dropped_reason is null then 0 else 1 end,
                    case when is_in_window then 0 else 1 end,
                    case when channel_type = 'direct' then 1 else 0 end,
                    precedence_rank,
                    case when tie_break = 'newest' then -instant_number else instant_number end
            ) as precedence_place
        from numbered

    ),

    won as (

        select
            *,
            max(case when precedence_place = 1 and dropped_reason is null then channel end) over (
                {{ of_order }}
            ) as winner_channel
        from placed

    ),

    contested as (

        select
            *,
            min(
                case
                    when is_in_window and creator_id is not null and channel <> winner_channel
                        then precedence_place
                end
            ) over ({{ of_order }}) as runner_up_place
        from won

    )

    select
        *,
        dropped_reason is null as is_in_path,
        case when dropped_reason is null then kept_number end as touch_number,
        precedence_place = 1 and dropped_reason is null as is_winner,
        max(case when precedence_place = runner_up_place then creator_id end) over (
            {{ of_order }}
        ) as runner_up_creator_id
    from contested
{%- endmacro %}
