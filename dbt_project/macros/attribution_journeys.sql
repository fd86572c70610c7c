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

{#- True for a date whose week of paths this run builds again: an order of the week was rebuilt, somebody
was seen since (a late session of a person moves the end of their journeys), sessions were withdrawn (a
purchase among them may have said whose browser it was, so journeys of a look-back before it are others'
now), or the week was not over at the last build. Sessions are a person's whichever browser they are from: an
order that is built again may have brought browsers together. -#}
{% macro is_path_week_reread(day) -%}
    (
        {{ week_start(day) }} in (
            select {{ week_start('affected.order_date') }}
            from {{ ref('int_orders_affected') }} as affected
        )
        or {{ day }} >= (
            select {{ week_start('min(seen.touched_date)') }}
            from {{ ref('int_export_sessions') }} as seen
            where
                seen.load_id in {{ pending_loads() }}
                or (seen.connection_id, seen.visitor_id) in (
                    select
                        users.connection_id,
                        users.visitor_id
                    from {{ ref('int_visitors_known') }} as users
                    where (users.connection_id, users.user_id) in (
                        select
                            pending.connection_id,
                            pending.user_id
                        from {{ ref('int_export_sessions') }} as pending
                        where pending.load_id in {{ pending_loads() }}
                    )
                )
                or (seen.connection_id, seen.visitor_id) in (
                    select
                        visitors.export_connection_id,
                        visitors.visitor_id
                    from {{ ref('int_order_visitors') }} as visitors
                    inner join {{ ref('int_orders_affected') }} as rebuilt
                        on
                            visitors.connection_id = rebuilt.connection_id
                            and visitors.order_id = rebuilt.order_id
                )
        )
        or {{ day }} >= {{ week_start(
            days_after(withdrawn_sessions_from(), -var('default_lookback_days'))
        ) }}
        or {{ day }} >= (
            select {{ week_start(days_after('facts.as_of_date', -7)) }}
            from {{ ref('int_measure_run_facts') }} as facts
        )
    )
{%- endmacro %}

{#- What int_export_shops says, as one text. -#}
{% macro export_shops_key() -%}
    (
        select
            md5(coalesce(string_agg(
                concat_ws(' ', shops.connection_id, shops.hostname, shops.shop_connection_ids),
                ',' order by shops.connection_id, shops.hostname
            ), ''))
        from {{ ref('int_export_shops') }} as shops
    )
{%- endmacro %}

{#- Pre-hook of int_path_summary: forget the weeks that are about to be rebuilt, and all of them when
paths reach other campaigns, hold other channels or end elsewhere. -#}
{% macro forget_reread_path_weeks() -%}
    {% if is_incremental() -%}
        {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='name') | list -%}
        delete from {{ this }} as stored
        where
            {{ is_path_week_reread('stored.week_start_date') }}
            {%- if 'shops_key' in columns %}
            or stored.shops_key is distinct from {{ export_shops_key() }}
            or {{ plan_changed() }}
            or {{ attribution_settings_changed() }}
            {%- else %}
            or true
            {%- endif %}
    {%- endif %}
{%- endmacro %}

{#- True for a date whose week int_path_summary holds no more once its pre-hook has run: of those that
are read again, and of all when nothing is left. -#}
{% macro is_path_week_built(day) -%}
    (
        {{ is_path_week_reread(day) }}
        or not exists (select 1 from {{ this }})
    )
{%- endmacro %}
