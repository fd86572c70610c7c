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
  settings as data: half_life_days, direct_policy (drop_unless_only: direct leaves a path that has any other
  touch; keep), collapses_repeats (true keeps the last of a run of equal neighbours) and
  has_every_rule_version (false: the default version only). Further columns pass through.
rules: rows of ref_precedence_rule.

The window is closed at both ends, to the second: anchored_at is where a touch's age runs from, its own
instant for dated evidence. A channel holds the best rank among its evidence in the window; under a
version that ranks evidence, only the channels that hold the order's best rank take part.

Adds rule_version, precedence_rank, is_in_window, dropped_reason, is_in_path, touch_number (1 is the
earliest; instant, evidence rank, touch id), touch_count, channel_touch_count, channel_count,
last_non_direct_number, time_decay_part, is_conflict, is_winner and runner_up_creator_id (who would have won without the
winner).

What it costs is sorting and passing rows on, so every order is sorted once, best touch first, and all
of its facts are taken from two passes over that order. Under a plain version (all evidence of one rank,
the newest wins, direct leaves beside others, repeats stay) the best touch is the newest of the path, so
the same sort numbers the path, too. The others are judged and numbered before it. -#}
{% macro attribution_paths(touches, rules=none) -%}
    {%- set of_order = 'partition by connection_id, order_id, rule_version' -%}
    {%- set of_channel = of_order ~ ', channel' -%}
    {%- set by_instant = 'order by touched_at, evidence_rank, ' ~ byte_order('touch_id') -%}
    {#- Another order of keys: else the planner sorts everything for the few that are judged first. -#}
    {%- set best_first = 'partition by order_id, connection_id, rule_version order by place_class, precedence_rank, tie_number,'
        ~ ' touched_at desc, evidence_rank desc, ' ~ byte_order('touch_id') ~ ' desc'
        ~ ' rows between unbounded preceding and unbounded following' -%}
    with

    rules as (

        select
            precedence.*,
            min(precedence.precedence_rank) over (partition by precedence.rule_version)
            = max(precedence.precedence_rank) over (partition by precedence.rule_version)
            and min(precedence.tie_break) over (partition by precedence.rule_version) = 'newest'
            and max(precedence.tie_break) over (partition by precedence.rule_version) = 'newest'
                as is_plain_version
        from {{ rules or precedence_rules() }} as precedence

    ),

    -- Few distinct lists of evidence, many touches: the rules are looked up per list.
    evidence_lists as (

        select distinct
            evidence_type,
            evidence_types
        from {{ touches }}

    ),

    ranked_lists as {{ computed_once() }} (

        select
            evidence_lists.evidence_type,
            evidence_lists.evidence_types,
            rules.rule_version,
            rules.is_plain_version,
            min(rules.precedence_rank) as precedence_rank,
            max(
                case when rules.evidence_type = evidence_lists.evidence_type then rules.window_days end
            ) as window_days,
            max(rules.tie_break) as tie_break
        from evidence_lists
        inner join rules
            on
                position(
                    ',' || rules.evidence_type || ','
                    in ',' || evidence_lists.evidence_type || ',' || evidence_lists.evidence_types || ','
                ) > 0
        group by
            evidence_lists.evidence_type,
            evidence_lists.evidence_types,
            rules.rule_version,
            rules.is_plain_version

    ),

    windowed as {{ computed_where_named() }} (

        select
            touches.*,
            ranked_lists.rule_version,
            ranked_lists.precedence_rank,
            ranked_lists.tie_break,
            ranked_lists.is_plain_version
            and touches.direct_policy = 'drop_unless_only'
            and not touches.collapses_repeats as is_plain,
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
            min(case when is_in_window and channel_type <> 'direct' then precedence_rank end) over (
                {{ of_order }}
            ) as best_other_rank,
            min(case when is_in_window then precedence_rank end) over (
                {{ of_channel }}
            ) as channel_rank
        from windowed
        where not is_plain

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
                    and best_other_rank = order_rank
                    then 'direct_beside_others'
            end as judged_reason
        from held

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
            end as barred_reason
        from judged

    ),

    numbered as (

        select
            *,
            row_number() over ({{ of_order }} {{ by_instant }}) as instant_number,
            sum(case when barred_reason is null then 1 else 0 end) over (
                {{ of_order }} {{ by_instant }} rows unbounded preceding
            ) as kept_number
        from collapsed

    ),

    offered as (

        select * from numbered

        union all

        select
            *,
            cast(null as integer) as order_rank,
            cast(null as integer) as best_other_rank,
            cast(null as integer) as channel_rank,
            cast(null as text) as judged_reason,
            case when not is_in_window then 'outside_lookback' end as barred_reason,
            cast(null as bigint) as instant_number,
            cast(null as bigint) as kept_number
        from windowed
        where is_plain

    ),

    -- Kept before dropped, in the window before outside it, direct after the others; a plain
    -- version's direct touches are kept only where nothing is before them.
    classed as (

        select
            *,
            case
                when barred_reason is null then 0
                when is_in_window then 2
                else 4
            end
            + case when channel_type = 'direct' then 1 else 0 end as place_class,
            case when tie_break = 'newest' then -instant_number else instant_number end as tie_number
        from offered

    ),

    placed as (

        select
            *,
            row_number() over ({{ best_first }}) as place,
            count(case when place_class = 0 then 1 end) over ({{ best_first }}) as other_count,
            count(case when place_class = 1 then 1 end) over ({{ best_first }}) as direct_count,
            max(case when place_class = 0 then kept_number end) over (
                {{ best_first }}
            ) as last_other_number,
            first_value(case when place_class <= 1 then channel end) over (
                {{ best_first }}
            ) as winner_channel,
            {{ list_of('case when place_class <= 1 then channel end', best_first) }}
                as path_channels,
            max(case when place_class = 0 then anchored_at end) over (
                {{ best_first }}
            ) as newest_other_at,
            max(case when place_class = 1 then anchored_at end) over (
                {{ best_first }}
            ) as newest_direct_at,
            coalesce(
                min(case when is_in_window then creator_id end) over ({{ best_first }})
                <> max(case when is_in_window then creator_id end) over ({{ best_first }}),
                false
            ) as is_conflict
        from classed

    ),

    settled as (

        select
            *,
            place_class <= 1 and not (is_plain and place_class = 1 and other_count > 0) as is_in_path,
            case
                when is_plain and other_count > 0 then other_count
                else other_count + direct_count
            end as touch_count,
            case
                when is_plain and other_count > 0 and channel_type = 'direct' then 0
                else {{ times_in('channel', 'path_channels') }}
            end as channel_touch_count,
            case
                when is_plain and other_count > 0 then newest_other_at
                else greatest(newest_other_at, newest_direct_at)
            end as newest_at
        from placed

    ),

    weighed as (

        select
            *,
            case when is_in_path then {{ decay_weight('settled', 'settled.newest_at') }} end
                as decay_weight,
            -- Each touch of a channel holds its part of 1, so the parts add up to the channels.
            case when is_in_path then 1 / cast(channel_touch_count as double precision) end
                as channel_part
        from settled

    ),

    counted as (

        select
            *,
            cast(
                round(coalesce(sum(channel_part) over ({{ best_first }}), 0)) as bigint
            ) as channel_count,
            decay_weight / sum(decay_weight) over ({{ best_first }}) as time_decay_part,
            {{ first_of(
                'creator_id',
                'is_in_window and creator_id is not null and channel <> winner_channel',
                best_first
            ) }} as runner_up_creator_id
        from weighed

    )

    select
        *,
        case
            when not is_in_path and barred_reason is null then 'direct_beside_others'
            else barred_reason
        end as dropped_reason,
        case
            when not is_in_path then null
            when is_plain then touch_count + 1 - place
            else kept_number
        end as touch_number,
        case
            when not is_plain then last_other_number
            when other_count > 0 then touch_count
        end as last_non_direct_number,
        place = 1 and is_in_path as is_winner
    from counted
{%- endmacro %}

{#- Values of a window in its order, NULL included. -#}
{% macro list_of(value, window) -%}
    {{ return(adapter.dispatch('list_of', 'groundswell')(value, window)) }}
{%- endmacro %}

{% macro default__list_of(value, window) -%}
    array_agg({{ value }}) over ({{ window }})
{%- endmacro %}

{#- How often a value stands in a list. -#}
{% macro times_in(value, list) -%}
    {{ return(adapter.dispatch('times_in', 'groundswell')(value, list)) }}
{%- endmacro %}

{% macro default__times_in(value, list) -%}
    cast(cardinality(array_positions({{ list }}, {{ value }})) as bigint)
{%- endmacro %}

{#- The first value of a window among the rows for which a condition holds. -#}
{% macro first_of(value, condition, window) -%}
    {{ return(adapter.dispatch('first_of', 'groundswell')(value, condition, window)) }}
{%- endmacro %}

{% macro default__first_of(value, condition, window) -%}
    (array_agg({{ value }}) filter (where {{ condition }}) over ({{ window }}))[1]
{%- endmacro %}

{#- 2 to the power of minus the age over the half-life, the age counted from the path's newest touch:
the reference instant cancels out, and a long path can't lose all its weight to underflow. -#}
{% macro decay_weight(path, newest_anchored_at) -%}
    power(
        cast(2 as double precision),
        greatest(
            -{{ float_seconds_between(path ~ '.anchored_at', newest_anchored_at) }}
            / (86400 * {{ path }}.half_life_days),
            -1000
        )
    )
{%- endmacro %}

{#- Seconds between two instants as a binary fraction; as a decimal they would take four times as long. -#}
{% macro float_seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('float_seconds_between', 'groundswell')(earlier, later)) }}
{%- endmacro %}

{% macro default__float_seconds_between(earlier, later) -%}
    date_part('epoch', {{ later }} - {{ earlier }})
{%- endmacro %}
