{#- Weight of a touch per model; `path` is a CTE of touches in the path with what attribution_paths adds.
Weights of an order sum to 1. -#}
{% macro model_share(model, path) -%}
    {{ macro_of(model, 'share', path) }}
{%- endmacro %}

{#- What the macro <kind>_<model> says; names the macro when there is none. -#}
{% macro macro_of(model, kind, relation) -%}
    {%- set found = context.get(kind ~ '_' ~ model) -%}
    {%- if found is none or found is not defined -%}
        {{ exceptions.raise_compiler_error(
            "attribution model " ~ model ~ " has no macro " ~ kind ~ "_" ~ model
        ) }}
    {%- endif -%}
    {{ found(relation) }}
{%- endmacro %}

{#- A share in the scale it is stored in: a constant is cast once, not once per row. -#}
{% macro share(value) -%}
    cast({{ value }} as numeric(20, 18))
{%- endmacro %}

{#- A part of a share for each of so many. Few numbers are frequent, and what they give is known before
the first row: to divide row by row would take most of the time of a share. -#}
{% macro part_of_many(whole, count, minus=0) -%}
    case {{ count }}
                {%- for known in range(1, 11) %}
                when {{ known + minus }} then {{ share(whole ~ ' / ' ~ known) }}
                {%- endfor %}
                else {{ share(whole ~ ' / (' ~ count ~ ' - ' ~ minus ~ ')') }}
            end
{%- endmacro %}

{#- The whole share for the touch that fits, nothing for the others. -#}
{% macro whole_share(condition) -%}
    case when {{ condition }} then {{ share(1) }} else {{ share(0) }} end
{%- endmacro %}

{% macro share_first_touch(path) -%}
    {{ whole_share(path ~ '.touch_number = 1') }}
{%- endmacro %}

{% macro share_last_touch(path) -%}
    {{ whole_share(path ~ '.touch_number = ' ~ path ~ '.touch_count') }}
{%- endmacro %}

{% macro share_last_non_direct(path) -%}
    {{ whole_share(
        path ~ '.touch_number = coalesce(' ~ path ~ '.last_non_direct_number, ' ~ path ~ '.touch_count)'
    ) }}
{%- endmacro %}

{% macro share_linear(path) -%}
    {{ part_of_many('1.0', path ~ '.touch_count') }}
{%- endmacro %}

{% macro share_position_based(path) -%}
    case
            when {{ path }}.touch_count = 1 then {{ share(1) }}
            when {{ path }}.touch_count = 2 then {{ share('0.5') }}
            when {{ path }}.touch_number in (1, {{ path }}.touch_count) then {{ share('0.4') }}
            else {{ part_of_many('0.2', path ~ '.touch_count', minus=2) }}
        end
{%- endmacro %}

{#- By way of a whole number: a binary fraction becomes a decimal one five times as fast. Eighteen places it
has as it is, so no row is cast to as many. -#}
{% macro share_time_decay(path) -%}
    case
            when {{ path }}.touch_count = 1 then {{ share(1) }}
            else cast({{ part_time_decay(path) }} * 1e18 as bigint) * 0.000000000000000001
        end
{%- endmacro %}

{#- Closed form of the game v(S) = orders whose distinct channels lie in S: each order is split equally
over its distinct channels; a channel's part equally over its touches. -#}
{% macro share_shapley(path) -%}
    {{ part_of_many('1.0', path ~ '.channel_count * ' ~ path ~ '.channel_touch_count') }}
{%- endmacro %}

{% macro share_rule_winner(path) -%}
    {{ whole_share(path ~ '.is_winner') }}
{%- endmacro %}

{#- The share of a weighted model as a binary fraction: cents are cut from it. -#}
{% macro part_time_decay(path) -%}
    {{ path }}.time_decay_part
{%- endmacro %}

{% macro part_shapley(path) -%}
    1 / cast({{ path }}.channel_count * {{ path }}.channel_touch_count as double precision)
{%- endmacro %}

{#- Absolute cents of a touch per kind of model: floor the absolute share, hand the missing cents to the
largest remainders, ties to the earlier touch.

kind: equal (all shares alike, so all remainders tie), closed (few different shares: a macro
cents_<name> knows who gets the missing cents), weighted (any shares; remainders are ranked). A model of
kind winner, where one touch has it all, needs no cents.
`entry` holds entry_cents (whole and absolute), touch_number, touch_count and for weighted models
<model>_floor, <model>_floor_total and <model>_remainder_place. -#}
{% macro model_cents(model, kind, entry) -%}
    {%- if kind == 'equal' -%}
        {{ equal_cents(entry) }}
    {%- elif kind == 'closed' -%}
        {{ macro_of(model, 'cents', entry) }}
    {%- elif kind == 'weighted' -%}
        {{ entry }}.{{ model }}_floor
            + case
                when
                    {{ entry }}.{{ model }}_remainder_place
                    <= {{ entry }}.entry_cents - {{ entry }}.{{ model }}_floor_total
                    then 1
                else 0
            end
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "attribution model " ~ model ~ " is of kind " ~ kind
            ~ "; allowed: winner, equal, closed, weighted"
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro equal_cents(entry) -%}
    {{ entry }}.entry_cents / {{ entry }}.touch_count
            + case
                when {{ entry }}.touch_number <= {{ entry }}.entry_cents % {{ entry }}.touch_count then 1
                else 0
            end
{%- endmacro %}

{#- First and last hold two fifths each, every one between them a fifth of a part of n - 2. Both kinds of
remainder over 5 (n - 2): whichever is larger goes first, at a tie the path's order decides. -#}
{% macro cents_position_based(entry) -%}
    {%- set cents, n = entry ~ '.entry_cents', entry ~ '.touch_count' -%}
    {%- set place = entry ~ '.touch_number' -%}
    {%- set edge_remainder = '(2 * ' ~ cents ~ ' % 5) * (' ~ n ~ ' - 2)' -%}
    {%- set inner_remainder = cents ~ ' % (5 * (' ~ n ~ ' - 2))' -%}
    {%- set missing = cents ~ ' - 2 * (2 * ' ~ cents ~ ' / 5) - (' ~ n ~ ' - 2) * (' ~ cents
        ~ ' / (5 * (' ~ n ~ ' - 2)))' -%}
    case
                when {{ n }} <= 2 then {{ equal_cents(entry) }}
                when {{ place }} in (1, {{ n }})
                    then
                        2 * {{ cents }} / 5
                        + case
                            when
                                case
                                    when {{ edge_remainder }} > {{ inner_remainder }}
                                        then case when {{ place }} = 1 then 1 else 2 end
                                    when {{ edge_remainder }} < {{ inner_remainder }}
                                        then case when {{ place }} = 1 then {{ n }} - 1 else {{ n }} end
                                    else {{ place }}
                                end <= {{ missing }}
                                then 1
                            else 0
                        end
                else
                    {{ cents }} / (5 * ({{ n }} - 2))
                    + case
                        when
                            {{ place }} + case
                                when {{ edge_remainder }} > {{ inner_remainder }} then 1
                                when {{ edge_remainder }} < {{ inner_remainder }} then -1
                                else 0
                            end <= {{ missing }}
                            then 1
                        else 0
                    end
            end
{%- endmacro %}

{#- Money of a touch, to the cent, with the entry's sign. -#}
{% macro model_amount(model, kind, entry) -%}
    {%- if kind == 'winner' -%}
        case when {{ entry }}.{{ model }}_share = 1 then {{ entry }}.net_amount else {{ amount(0) }} end
    {%- else -%}
        {{ amount(entry ~ '.entry_sign * (' ~ model_cents(model, kind, entry) ~ ') * 0.01') }}
    {%- endif -%}
{%- endmacro %}

{#- Whole cents and remainder of a weighted model's exact ones. Binary fractions carry an error far below a millionth
of a cent up to 10 million in money; a millionth decides what is whole and what is a tie. -#}
{% macro share_cents(model, entry) -%}
    {%- set exact = entry ~ '.' ~ model ~ '_exact' -%}
    cast(floor({{ exact }} + 0.000001) as bigint) as {{ model }}_floor,
            floor(({{ exact }} - floor({{ exact }} + 0.000001)) * 1000000 + 0.5) as {{ model }}_remainder
{%- endmacro %}

{#- One row per ledger entry and touch of its order, with a share and an amount per model.

paths: a relation or CTE of what attribution_paths gives (rows outside the path and orders without an
entry are left out here).
entries: CTE with connection_id, order_id, event_date, conversion_count, net_amount (to the cent),
entry_cents (absolute), entry_sign (-1, 0, 1) and has_every_rule_version (false: the first rule version
only); those named in `carried` pass through.
Every entry of an order, whatever its date, takes the weights of the order's path; an order without a
path gets the one row `unattributed`.

Where one row has it all, every share is 1 and every amount the entry's; only longer paths are sorted, by a
number given to each entry under each rule version: comparing its keys, three texts and a date, would
take longer than all the rest of the sort. -#}
{% macro attribution_credits(
    paths,
    entries,
    carried=[],
    models=var('attribution_models'),
    rule_versions=var('attribution_rule_versions')
) -%}
    {%- set columns = [
        'connection_id', 'order_id', 'event_date', 'rule_version', 'conversion_count', 'net_amount',
        'touch_id', 'touch_number', 'touch_count', 'channel_type', 'channel', 'campaign_id',
        'creator_id'
    ] + carried -%}
    {%- set weighted_models = models | selectattr('kind', 'equalto', 'weighted') | list -%}
    with

    rule_versions as (

        {% for version in rule_versions -%}
        select
            '{{ version }}' as rule_version,
            {{ 'true' if loop.first else 'false' }} as is_default
        {{- ' union all' if not loop.last }}
        {% endfor %}
    ),

    versioned as (

        select
            row_number() over () as entry_number,
            entries.*,
            rule_versions.rule_version
        from {{ entries }} as entries
        inner join rule_versions on rule_versions.is_default or entries.has_every_rule_version

    ),

    touched as {{ computed_once() }} (

        select
            versioned.*,
            coalesce(paths.touch_id, 'unattributed') as touch_id,
            coalesce(paths.touch_number, 1) as touch_number,
            coalesce(paths.touch_count, 1) as touch_count,
            coalesce(paths.channel_type, 'unattributed') as channel_type,
            coalesce(paths.channel, 'unattributed') as channel,
            paths.campaign_id,
            paths.creator_id,
            paths.time_decay_part,
            paths.last_non_direct_number,
            paths.channel_count,
            paths.channel_touch_count,
            paths.is_winner
        from versioned
        left join {{ paths }} as paths
            on
                versioned.connection_id = paths.connection_id
                and versioned.order_id = paths.order_id
                and versioned.rule_version = paths.rule_version
                and paths.is_in_path

    ),

    whole as (

        select
            *,
            {%- for model in models %}
            {{ share(1) }} as {{ model.name }}_share,
            net_amount as {{ model.name }}_amount{{ ',' if not loop.last }}
            {%- endfor %}
        from touched
        where touch_count = 1

    ),

    parted as (

        select
            touched.*,
            {%- for model in weighted_models %}
            touched.entry_cents * ({{ macro_of(model.name, 'part', 'touched') }}) as {{ model.name }}_exact
            {{- ',' if not loop.last }}
            {%- endfor %}
        from touched
        where touched.touch_count > 1

    ),

    cut as (

        select
            parted.*,
            {%- for model in weighted_models %}
            {{ share_cents(model.name, 'parted') }}{{ ',' if not loop.last }}
            {%- endfor %}
        from parted

    ),

    ranked as (

        select
            cut.*,
            {%- for model in weighted_models %}
            {%- set by_remainder = 'partition by cut.entry_number order by cut.' ~ model.name ~ '_remainder desc,'
                ~ ' cut.touch_number rows between unbounded preceding and unbounded following' %}
            row_number() over ({{ by_remainder }}) as {{ model.name }}_remainder_place,
            sum(cut.{{ model.name }}_floor) over ({{ by_remainder }}) as {{ model.name }}_floor_total
            {{- ',' if not loop.last }}
            {%- endfor %}
        from cut

    ),

    weighed as (

        select
            ranked.*,
            {%- for model in models %}
            {{ model_share(model.name, 'ranked') }} as {{ model.name }}_share{{ ',' if not loop.last }}
            {%- endfor %}
        from ranked

    ),

    split as (

        select
            {%- for column in columns %}
            weighed.{{ column }},
            {%- endfor %}
            {%- for model in models %}
            weighed.{{ model.name }}_share,
            {{ model_amount(model.name, model.kind, 'weighed') }} as {{ model.name }}_amount
            {{- ',' if not loop.last }}
            {%- endfor %}
        from weighed

    )

    select
        {%- for column in columns %}
        whole.{{ column }},
        {%- endfor %}
        {%- for model in models %}
        whole.{{ model.name }}_share,
        whole.{{ model.name }}_amount{{ ',' if not loop.last }}
        {%- endfor %}
    from whole

    union all

    select * from split
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

{#- Stands at the end of a select whose expressions are to be computed before the sort above it, once, and
not by each window that names them; unlike `computed_once` it stores no rows. -#}
{% macro computed_below() -%}
    {{ return(adapter.dispatch('computed_below', 'groundswell')('')) }}
{%- endmacro %}

{% macro default__computed_below(nothing) -%}
{%- endmacro %}

{% macro postgres__computed_below(nothing) -%}
    offset 0
{%- endmacro %}

{#- Lets each place that names a CTE compute only what it asks for. -#}
{% macro computed_where_named() -%}
    {{ return(adapter.dispatch('computed_where_named', 'groundswell')('')) }}
{%- endmacro %}

{% macro default__computed_where_named(nothing) -%}
{%- endmacro %}

{% macro postgres__computed_where_named(nothing) -%}
    not materialized
{%- endmacro %}
