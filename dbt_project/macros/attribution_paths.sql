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

A creator's channel is the creator's id.

Adds rule_version, precedence_rank, is_in_window, dropped_reason, is_in_path, touch_number (1 is the
earliest; instant, evidence rank, touch id), touch_count, channel_touch_count, channel_count,
last_non_direct_number, time_decay_part, is_conflict, is_winner and runner_up_creator_id (who would have won without the
winner). `carried` names the columns that pass through besides those the paths are made of.

What it costs is sorting and passing rows on, so every order is sorted once, best touch first, and one
pass over that order collects what its touches need to know of each other; the rest is said row by
row from that. Under a plain version (all evidence of one rank, the newest wins, direct leaves beside
others, repeats stay) the best touch is the newest of the path, so the same sort numbers the path,
too, and nothing else is carried through it. Touches under other versions or settings are judged and
numbered before theirs.

Who asks for some of the columns pays for those only, as the database leaves out windows nobody reads. -#}
{% macro attribution_paths(touches, rules=none, carried=none) -%}
    {%- set default_version = "'" ~ var("attribution_rule_versions")[0] ~ "'" -%}
    {%- set columns = [
        'connection_id', 'order_id', 'touch_id', 'touched_at', 'ordered_at', 'anchored_at',
        'evidence_rank', 'channel_type', 'channel', 'creator_id', 'half_life_days'
    ] + (carried if carried is not none else [
        'is_dated', 'evidence_type', 'evidence_types', 'discount_codes', 'match_quality',
        'campaign_id', 'lookback_days'
    ]) -%}
    {%- set of_order = 'partition by connection_id, order_id, rule_version' -%}
    {%- set age = float_seconds_between('intricate.anchored_at', 'intricate.ordered_at') -%}
    {%- set of_channel = of_order ~ ', channel' -%}
    {%- set by_instant = 'order by touched_at, evidence_rank, ' ~ byte_order('touch_id') -%}
    {#- An order has one instant: with it in front nearly every comparison of the sort is one of numbers,
    and other texts are compared with themselves only. -#}
    {%- set of_instant = 'partition by ordered_at, order_id, connection_id, rule_version order by place_class' -%}
    {%- set newest_first = 'touched_at desc, evidence_rank desc, ' ~ byte_order('touch_id') ~ ' desc'
        ~ ' rows between unbounded preceding and unbounded following' -%}
    {%- set best_first = of_instant ~ ', precedence_rank, tie_number, ' ~ newest_first -%}
    {%- set newest_first = of_instant ~ ', ' ~ newest_first -%}
    with

    rules as (

        select
            precedence.*,
            min(precedence.precedence_rank) over (partition by precedence.rule_version)
            = max(precedence.precedence_rank) over (partition by precedence.rule_version)
            and min(precedence.tie_break) over (partition by precedence.rule_version) = 'newest'
            and max(precedence.tie_break) over (partition by precedence.rule_version) = 'newest'
            and max(precedence.window_days) over (partition by precedence.rule_version) is null
                as is_plain_version
        from {{ rules or precedence_rules() }} as precedence

    ),

    -- Under a plain version all evidence ranks alike and has the plan's window. The policy it goes with
    -- is a key to join by: else the planner copies all touches for each version.
    plain_versions as {{ computed_once() }} (

        select
            rule_version,
            'drop_unless_only' as direct_policy,
            min(precedence_rank) as precedence_rank
        from rules
        where is_plain_version
        group by rule_version

    ),

    plain_kinds as {{ computed_once() }} (

        select
            rule_version,
            evidence_type
        from rules
        where is_plain_version
        group by rule_version, evidence_type

    ),

    plain as {{ computed_where_named() }} (

        select
            {%- for column in columns %}
            touches.{{ column }},
            {%- endfor %}
            plain_versions.rule_version,
            plain_versions.precedence_rank,
            touches.touched_at <= touches.ordered_at
            and {{ float_seconds_between('touches.anchored_at', 'touches.ordered_at') }}
            <= touches.lookback_days * 86400 as is_in_window
        from {{ touches }} as touches
        inner join plain_versions
            on
                touches.direct_policy = plain_versions.direct_policy
                and (
                    touches.has_every_rule_version
                    or plain_versions.rule_version = {{ default_version }}
                )
        left join plain_kinds
            on
                plain_versions.rule_version = plain_kinds.rule_version
                and touches.evidence_type = plain_kinds.evidence_type
        where
            not touches.collapses_repeats
            and (
                plain_kinds.evidence_type is not null
                or exists(
                    select 1
                    from plain_kinds as further
                    where
                        plain_versions.rule_version = further.rule_version
                        and {{ names_evidence('further', 'touches') }}
                )
            )

    ),

    -- In the window before outside it, direct after the others.
    plain_classed as (

        select
            *,
            {{ place_class('true') }} as place_class,
            {{ decay_weight() }} as decay_weight
        from plain
        {{ computed_below() }}

    ),

    -- The newest touch wins, so its place tells a touch's number from the end of the path.
    plain_placed as (

        select
            *,
            row_number() over ({{ newest_first }}) as place,
            count(case when place_class = 0 then 1 end) over ({{ newest_first }}) as other_count,
            {{ list_of('channel', 'place_class <= 1', newest_first) }} as kept_channels,
            {{ list_of('creator_id', 'is_in_window and creator_id is not null', newest_first) }}
                as window_creators,
            sum(case when place_class = 0 then decay_weight end) over (
                {{ newest_first }}
            ) as other_decay_weight,
            sum(case when place_class = 1 then decay_weight end) over (
                {{ newest_first }}
            ) as direct_decay_weight
        from plain_classed

    ),

    -- Direct touches stand last among those that are kept, and leave the path where others are in it.
    plain_settled as (

        select
            *,
            cast(null as text) as barred_reason,
            place_class = 0 or (place_class = 1 and other_count = 0) as is_in_path,
            case
                when other_count > 0 then other_count
                else {{ length_of('kept_channels') }}
            end as touch_count,
            case when other_count > 0 then other_count end as last_non_direct_number,
            case
                when other_count > 0
                    then {{ first_places('kept_channels', 'other_count') }}
                else kept_channels
            end as path_channels,
            case
                when other_count > 0 then other_decay_weight
                else direct_decay_weight
            end as path_decay_weight
        from plain_placed

    ),

    plain_numbered as (

        select
            *,
            touch_count + 1 - place as path_number
        from plain_settled

    ),

    -- Touches that some version does not treat plainly: none of a shop without campaigns.
    intricate as {{ computed_where_named() }} (

        select
            {%- for column in (columns + ['evidence_type', 'evidence_types', 'lookback_days']) | unique %}
            {{ column }},
            {%- endfor %}
            direct_policy,
            collapses_repeats,
            has_every_rule_version
        from {{ touches }}
        where
            has_every_rule_version
            or direct_policy <> 'drop_unless_only'
            or collapses_repeats
            or not exists(
                select 1 from plain_versions
                where plain_versions.rule_version = {{ default_version }}
            )

    ),

    -- Few distinct lists of evidence, many touches: the rules are looked up per list. A touch's own
    -- evidence and what it carries besides, a code for one, have windows and ranks of their own.
    {%- set is_own = 'rules.evidence_type = evidence_lists.evidence_type' %}
    evidence_lists as (

        select distinct
            evidence_type,
            evidence_types
        from intricate

    ),

    ranked_lists as {{ computed_once() }} (

        select
            evidence_lists.evidence_type,
            evidence_lists.evidence_types,
            rules.rule_version,
            rules.is_plain_version,
            min(case when {{ is_own }} then rules.precedence_rank end) as own_rank,
            max(case when {{ is_own }} then rules.window_days end) as own_window_days,
            min(case when not ({{ is_own }}) then rules.precedence_rank end) as further_rank,
            -- As long as the longest; the plan's, where one of them has no window of its own.
            case
                when
                    count(case when not ({{ is_own }}) then rules.window_days end)
                    = count(case when not ({{ is_own }}) then 1 end)
                    then max(case when not ({{ is_own }}) then rules.window_days end)
            end as further_window_days,
            max(rules.tie_break) as tie_break
        from evidence_lists
        inner join rules on {{ names_evidence('rules', 'evidence_lists') }}
        group by
            evidence_lists.evidence_type,
            evidence_lists.evidence_types,
            rules.rule_version,
            rules.is_plain_version

    ),

    aged as (

        select
            intricate.*,
            ranked_lists.rule_version,
            ranked_lists.own_rank,
            ranked_lists.further_rank,
            ranked_lists.tie_break,
            ranked_lists.own_rank is not null
            and {{ age }} <= coalesce(ranked_lists.own_window_days, intricate.lookback_days) * 86400
                as has_own,
            ranked_lists.further_rank is not null
            and {{ age }} <= coalesce(ranked_lists.further_window_days, intricate.lookback_days) * 86400
                as has_further
        from intricate
        inner join ranked_lists
            on
                intricate.evidence_type = ranked_lists.evidence_type
                and intricate.evidence_types = ranked_lists.evidence_types
        where
            (
                not ranked_lists.is_plain_version
                or intricate.direct_policy <> 'drop_unless_only'
                or intricate.collapses_repeats
            )
            and (
                intricate.has_every_rule_version
                or ranked_lists.rule_version = {{ default_version }}
            )

    ),

    -- What is out of its window gives no rank; a touch of which nothing is left keeps its own.
    windowed as (

        select
            *,
            touched_at <= ordered_at and (has_own or has_further) as is_in_window,
            case
                when has_own = has_further then least(own_rank, further_rank)
                when has_own then own_rank
                else further_rank
            end as precedence_rank
        from aged

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

    -- Kept before dropped, in the window before outside it, direct after the others.
    classed as (

        select
            *,
            {{ place_class('barred_reason is null') }} as place_class,
            case when tie_break = 'newest' then -instant_number else instant_number end as tie_number,
            {{ decay_weight() }} as decay_weight
        from numbered
        {{ computed_below() }}

    ),

    placed as (

        select
            *,
            row_number() over ({{ best_first }}) as place,
            {{ list_of('channel', 'place_class <= 1', best_first) }} as path_channels,
            {{ list_of('creator_id', 'is_in_window and creator_id is not null', best_first) }}
                as window_creators,
            sum(case when place_class <= 1 then decay_weight end) over (
                {{ best_first }}
            ) as path_decay_weight,
            max(case when place_class = 0 then kept_number end) over (
                {{ best_first }}
            ) as last_non_direct_number
        from classed

    ),

    settled as (

        select
            *,
            place_class <= 1 as is_in_path,
            {{ length_of('path_channels') }} as touch_count,
            kept_number as path_number
        from placed

    ),

    {% set told = columns + [
        'rule_version', 'precedence_rank', 'is_in_window', 'barred_reason', 'is_in_path', 'place',
        'path_number', 'touch_count', 'last_non_direct_number', 'path_channels', 'window_creators',
        'decay_weight', 'path_decay_weight'
    ] -%}
    paths as (

        {% for settled in ['plain_numbered', 'settled'] -%}
        select
            {%- for column in told %}
            {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ settled }}
        {{- '\n\n        union all\n' if not loop.last }}
        {% endfor %}
    )

    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        rule_version,
        precedence_rank,
        is_in_window,
        is_in_path,
        touch_count,
        last_non_direct_number,
        {{ times_in('channel', 'path_channels') }} as channel_touch_count,
        {{ distinct_in('path_channels') }} as channel_count,
        case when is_in_path then decay_weight / path_decay_weight end as time_decay_part,
        case
            when not is_in_window then 'outside_lookback'
            when not is_in_path and barred_reason is null then 'direct_beside_others'
            else barred_reason
        end as dropped_reason,
        case when is_in_path then path_number end as touch_number,
        place = 1 and is_in_path as is_winner,
        {{ first_other_than('window_creators[1]', 'window_creators') }} is not null as is_conflict,
        {{ first_other_than('path_channels[1]', 'window_creators') }} as runner_up_creator_id
    from paths
{%- endmacro %}

{#- Kept before dropped, in the window before outside it, direct after the others; `kept` holds for touches that
no rule dropped. -#}
{% macro place_class(kept) -%}
    case
                when not is_in_window then 4
                {%- if kept != 'true' %}
                when not ({{ kept }}) then 2
                {%- endif %}
                else 0
            end
            + case when channel_type = 'direct' then 1 else 0 end
{%- endmacro %}

{#- True when a rule is about the type of a touch, or about one of the further types it lists. -#}
{% macro names_evidence(rule, touch) -%}
    position(
        ',' || {{ rule }}.evidence_type || ','
        in ',' || {{ touch }}.evidence_type || ',' || {{ touch }}.evidence_types || ','
    ) > 0
{%- endmacro %}

{#- 2 to the power of minus the age over the half-life. The reference instant cancels out when weights are
divided by their sum, so it may be the order's; beyond 1,000 half-lives, where weights would vanish,
every age weighs alike. -#}
{% macro decay_weight() -%}
    power(
        cast(2 as double precision),
        greatest(
            -{{ float_seconds_between('anchored_at', 'ordered_at') }} / (86400 * half_life_days),
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
