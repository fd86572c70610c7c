{#- First day (Monday) of a date's week: the span for which removal effects are solved and frozen. -#}
{% macro week_start(day) -%}
    {{ return(adapter.dispatch('week_start', 'groundswell')(day)) }}
{%- endmacro %}

{% macro default__week_start(day) -%}
    cast(date_trunc('week', {{ day }}) as date)
{%- endmacro %}

{#- An id that can't be turned back into a browser's id without the export itself. -#}
{% macro hashed_key(id, scope) -%}
    {{ return(adapter.dispatch('hashed_key', 'groundswell')(id, scope)) }}
{%- endmacro %}

{% macro default__hashed_key(id, scope) -%}
    md5({{ scope }} || ' ' || {{ id }})
{%- endmacro %}

{#- One row per step of a path, with the channel before it; `query` gives channel_path and counts. -#}
{% macro path_steps(query) -%}
    {{ return(adapter.dispatch('path_steps', 'groundswell')(query)) }}
{%- endmacro %}

{% macro default__path_steps(query) -%}
    select
        paths.campaign_id,
        paths.week_start_date,
        paths.conversion_count,
        paths.null_count,
        split.channels[place.step_number] as channel,
        split.channels[place.step_number - 1] as previous_channel,
        place.step_number = cardinality(split.channels) as is_last
    from ({{ query }}) as paths
    cross join lateral (select string_to_array(paths.channel_path, ' > ') as channels) as split
    cross join lateral generate_series(1, cardinality(split.channels)) as place (step_number)
{%- endmacro %}

{#- First day whose sessions a pending load may have withdrawn: NULL when none has, minus infinity when a
visitor was forgotten, whose sessions have new ids whenever they were. -#}
{% macro withdrawn_sessions_from() -%}
    (
        select min(
            case
                when load_windows.partition_key like 'erasure-%' then cast('-infinity' as date)
                else {{ days_after('load_windows.window_start', - var('ga4_export_reread_days')) }}
            end
        )
        from {{ source('quality', 'load_windows') }} as load_windows
        where
            load_windows.load_id in {{ pending_loads() }}
            and load_windows.source = 'ga4_export'
            and (load_windows.rows_deleted > 0 or load_windows.partition_key like 'erasure-%')
    )
{%- endmacro %}

{#- Pre-hook of int_export_sessions: forget the sessions that are about to be rebuilt, those that lost an
event, and those that no event tells of any more. A table of an older version does not count events. -#}
{% macro forget_reread_sessions() -%}
    {% if is_incremental() -%}
        {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='name') | list -%}
        delete from {{ this }} where {{ plan_changed() }} or {{ attribution_settings_changed() }};
        delete from {{ this }}
        where
            session_id in (
                select {{ hashed_key('reread.session_key', 'reread.connection_id') }}
                from {{ ref('stg_ga4_export__events') }} as reread
                where
                    reread.session_key is not null
                    and reread.load_id in {{ pending_loads() }}
            );
        delete from {{ this }} as stored
        where
            stored.touched_date >= {{ withdrawn_sessions_from() }}
            and not exists (
                select 1
                from (
                    select
                        {{ hashed_key('exported.session_key', 'exported.connection_id') }} as session_id,
                        count(*) as event_count
                    from {{ ref('stg_ga4_export__events') }} as exported
                    where
                        exported.session_key is not null
                        and exported.event_date >= {{ days_after(withdrawn_sessions_from(), -2) }}
                    group by {{ hashed_key('exported.session_key', 'exported.connection_id') }}
                ) as counted
                where
                    counted.session_id = stored.session_id
                    {%- if 'event_count' in columns %}
                    and counted.event_count = stored.event_count
                    {%- endif %}
            )
    {%- endif %}
{%- endmacro %}

{#- Weeks whose paths this run builds again: an order of the week was rebuilt, or other journeys were lost in
it than it was counted with, for whatever reason. Reasons are many and reach far back: a purchase that is
withdrawn gives a browser back to another person, whose journeys of a year ago are others now. -#}
{% macro reread_path_weeks() -%}
    select {{ week_start('affected.order_date') }} as week_start_date
    from {{ ref('int_orders_affected') }} as affected

    union

    select counted.week_start_date
    from (
        select
            campaign_id,
            week_start_date,
            channel_path,
            null_count
        from {{ ref('int_paths_lost') }}

        union all

        select
            campaign_id,
            week_start_date,
            channel_path,
            -null_count as null_count
        from {{ this }}
        where null_count > 0
    ) as counted
    group by counted.campaign_id, counted.week_start_date, counted.channel_path
    having sum(counted.null_count) <> 0
{%- endmacro %}

{#- Pre-hook of int_path_summary: forget the weeks that are about to be rebuilt, and all of them when
orders reach other campaigns or hold other channels. -#}
{% macro forget_reread_path_weeks() -%}
    {% if is_incremental() -%}
        delete from {{ this }} as stored
        where
            stored.week_start_date in ({{ reread_path_weeks() }})
            or {{ plan_changed() }}
            or {{ attribution_settings_changed() }}
    {%- endif %}
{%- endmacro %}

{#- True for a date whose week int_path_summary does not hold once its pre-hook has run: weeks are forgotten
and built as a whole. -#}
{% macro is_path_week_built(day) -%}
    {{ week_start(day) }} not in (select stored.week_start_date from {{ this }} as stored)
{%- endmacro %}
