{#- Weight of a touch per model; `path` is a CTE of touches in the path with what attribution_paths adds,
and decay_weight and decay_total for time decay. Weights of an order sum to 1. -#}
{% macro model_share(model, path) -%}
    {%- set share = context.get('share_' ~ model) -%}
    {%- if share is none or share is not defined -%}
        {{ exceptions.raise_compiler_error(
            "attribution model " ~ model ~ " has no macro share_" ~ model
        ) }}
    {%- endif -%}
    {{ share(path) }}
{%- endmacro %}

{% macro share_first_touch(path) -%}
    case when {{ path }}.touch_number = 1 then 1.0 else 0.0 end
{%- endmacro %}

{% macro share_last_touch(path) -%}
    case when {{ path }}.touch_number = {{ path }}.touch_count then 1.0 else 0.0 end
{%- endmacro %}

{% macro share_last_non_direct(path) -%}
    case
        when
            {{ path }}.touch_number
            = coalesce({{ path }}.last_non_direct_number, {{ path }}.touch_count)
            then 1.0
        else 0.0
    end
{%- endmacro %}

{% macro share_linear(path) -%}
    1.0 / {{ path }}.touch_count
{%- endmacro %}

{% macro share_position_based(path) -%}
    case
        when {{ path }}.touch_count <= 2 then 1.0 / {{ path }}.touch_count
        when {{ path }}.touch_number in (1, {{ path }}.touch_count) then 0.4
        else 0.2 / ({{ path }}.touch_count - 2)
    end
{%- endmacro %}

{% macro share_time_decay(path) -%}
    cast({{ path }}.decay_weight / {{ path }}.decay_total as numeric)
{%- endmacro %}

{#- Closed form of the game v(S) = orders whose distinct channels lie in S: each order is split equally
over its distinct channels; a channel's part equally over its touches. -#}
{% macro share_shapley(path) -%}
    1.0 / ({{ path }}.channel_count * {{ path }}.channel_touch_count)
{%- endmacro %}

{% macro share_rule_winner(path) -%}
    case when {{ path }}.is_winner then 1.0 else 0.0 end
{%- endmacro %}

{#- 2 to the power of minus the age over the half-life, the age counted from the path's newest touch:
the reference instant cancels out, and a long path can't lose all its weight to underflow. -#}
{% macro decay_weight(path, newest_anchored_at) -%}
    power(
        cast(2 as double precision),
        greatest(
            -{{ seconds_between(path ~ '.anchored_at', newest_anchored_at) }}
            / (86400.0 * {{ path }}.half_life_days),
            -1000
        )
    )
{%- endmacro %}

{#- Money of a touch, to the cent: floor the absolute share, hand the missing cents to the largest
remainders, ties to the earlier touch, restore the sign.

kind: winner (shares are 0 or 1), equal (all shares alike, so all remainders tie), weighted.
`entry` holds net_amount, entry_cents (whole and absolute), touch_number, touch_count, <model>_share and
for weighted models <model>_floor and <model>_remainder (millionths of a cent). -#}
{% macro model_amount(model, kind, entry) -%}
    {%- set share = entry ~ '.' ~ model ~ '_share' -%}
    {%- set cents = entry ~ '.entry_cents' -%}
    {%- if kind == 'winner' -%}
        case when {{ share }} = 1 then {{ entry }}.net_amount else 0 end
    {%- elif kind == 'equal' -%}
        sign({{ entry }}.net_amount) * 0.01 * (
            {{ cents }} / {{ entry }}.touch_count
            + case
                when {{ entry }}.touch_number <= {{ cents }} % {{ entry }}.touch_count then 1
                else 0
            end
        )
    {%- elif kind == 'weighted' -%}
        {%- set floored = entry ~ '.' ~ model ~ '_floor' -%}
        {%- set part = 'partition by ' ~ entry ~ '.connection_id, ' ~ entry ~ '.order_id, '
            ~ entry ~ '.rule_version, ' ~ entry ~ '.event_date' -%}
        sign({{ entry }}.net_amount) * 0.01 * (
            {{ floored }}
            + case
                when
                    row_number() over (
                        {{ part }} order by {{ entry }}.{{ model }}_remainder desc, {{ entry }}.touch_number
                    ) <= {{ cents }} - sum({{ floored }}) over ({{ part }})
                    then 1
                else 0
            end
        )
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "attribution model " ~ model ~ " is of kind " ~ kind ~ "; allowed: winner, equal, weighted"
        ) }}
    {%- endif -%}
{%- endmacro %}

{#- Whole cents and remainder of a weighted share. Binary fractions carry an error far below a millionth
of a cent up to 10 million in money; a millionth decides what is whole and what is a tie. -#}
{% macro share_cents(model, entry) -%}
    {%- set exact = 'cast(' ~ entry ~ '.entry_cents as double precision) * ' ~ entry ~ '.' ~ model ~ '_share' -%}
    cast(floor({{ exact }} + 0.000001) as bigint) as {{ model }}_floor,
            floor(({{ exact }} - floor({{ exact }} + 0.000001)) * 1000000 + 0.5) as {{ model }}_remainder
{%- endmacro %}

{#- One row per ledger entry and touch of its order, with a share and an amount per model.

paths: CTE from attribution_paths with half_life_days (rows outside the path are left out here).
entries: CTE with connection_id, order_id, event_date, conversion_count, net_amount (to the cent) and
has_every_rule_version (false: the first rule version only).
Every entry of an order, whatever its date, takes the weights of the order's path; an order without a
path gets the one row `unattributed`. -#}
{% macro attribution_credits(
    paths, entries, models=var('attribution_models'), rule_versions=var('attribution_rule_versions')
) -%}
    with

    rule_versions as (

        {% for version in rule_versions -%}
        select
            '{{ version }}' as rule_version,
            {{ 'true' if loop.first else 'false' }} as is_default
        {{- ' union all' if not loop.last }}
        {% endfor %}
    ),

    kept as (

        select
            *,
            max(anchored_at) over (
                partition by connection_id, order_id, rule_version
            ) as newest_anchored_at
        from {{ paths }}
        where is_in_path

    ),

    decaying as (

        select
            kept.*,
            {{ decay_weight('kept', 'kept.newest_anchored_at') }} as decay_weight
        from kept

    ),

    numbered as (

        select
            *,
            sum(decay_weight) over (
                partition by connection_id, order_id, rule_version
            ) as decay_total
        from decaying

    ),

    weighted as (

        select
            numbered.*,
            {%- for model in models %}
            {{ model_share(model.name, 'numbered') }} as {{ model.name }}_share{{ ',' if not loop.last }}
            {%- endfor %}
        from numbered

    ),

    spread as {{ computed_once() }} (

        select
            entries.connection_id,
            entries.order_id,
            entries.event_date,
            rule_versions.rule_version,
            entries.conversion_count,
            entries.net_amount,
            cast(abs(entries.net_amount) * 100 as bigint) as entry_cents,
            coalesce(weighted.touch_id, 'unattributed') as touch_id,
            coalesce(weighted.touch_number, 1) as touch_number,
            coalesce(weighted.touch_count, 1) as touch_count,
            coalesce(weighted.channel_type, 'unattributed') as channel_type,
            coalesce(weighted.channel, 'unattributed') as channel,
            weighted.campaign_id,
            weighted.creator_id,
            {%- for model in models %}
            coalesce(weighted.{{ model.name }}_share, 1.0) as {{ model.name }}_share{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ entries }} as entries
        inner join rule_versions on rule_versions.is_default or entries.has_every_rule_version
        left join weighted
            on
                entries.connection_id = weighted.connection_id
                and entries.order_id = weighted.order_id
                and rule_versions.rule_version = weighted.rule_version

    ),

    cut as {{ computed_once() }} (

        select
            spread.*
            {%- for model in models if model.kind == 'weighted' %},
            {{ share_cents(model.name, 'spread') }}
            {%- endfor %}
        from spread

    )

    select
        cut.*,
        {%- for model in models %}
        {{ model_amount(model.name, model.kind, 'cut') }} as {{ model.name }}_amount
        {{- ',' if not loop.last }}
        {%- endfor %}
    from cut
{%- endmacro %}

{#- The columns of one model out of the wide credit row, chosen by a column that names the model. -#}
{% macro chosen_model(model_column, credit, suffix) -%}
    case {{ model_column }}
        {%- for model in var('attribution_models') %}
        when '{{ model.name }}' then {{ credit }}.{{ model.name }}_{{ suffix }}
        {%- endfor %}
    end
{%- endmacro %}

{#- Keeps a CTE's expressions from being copied into each place that names its columns. -#}
{% macro computed_once() -%}
    {{ return(adapter.dispatch('computed_once', 'groundswell')('')) }}
{%- endmacro %}

{% macro default__computed_once(nothing) -%}
{%- endmacro %}

{% macro postgres__computed_once(nothing) -%}
    materialized
{%- endmacro %}
