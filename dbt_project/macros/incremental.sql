{#- Load ids the current measure run consumes; every load when none is open. -#}
{% macro pending_loads() -%}
    (select pending.load_id from {{ source('quality', 'pending_loads') }} as pending)
{%- endmacro %}

{#- True for a row of a pending load, for tables that hold all history. Of a list of loads the planner expects
half the table; that a run's loads lie between two ends tells it that they are few, and where. -#}
{% macro is_pending(load_id) -%}
    (
        {{ load_id }} in {{ pending_loads() }}
        and {{ load_id }} >= (
            select min(pending.load_id) from {{ source('quality', 'pending_loads') }} as pending
        )
        and {{ load_id }} <= (
            select max(pending.load_id) from {{ source('quality', 'pending_loads') }} as pending
        )
    )
{%- endmacro %}

{#- True when a campaign file changed in a pending load: ownership of codes and links may differ. A file
that is taken away, or put back as it was, makes no new version but another day. -#}
{% macro plan_changed() -%}
    (
        exists (
            select 1
            from {{ source('campaign_plan', 'plan_versions') }} as plan_version
            where plan_version._load_id in {{ pending_loads() }}
        )
        or exists (
            select 1
            from (
                select
                    plan_days._load_id,
                    plan_days.campaigns,
                    lag(plan_days.campaigns) over (
                        partition by plan_days.connection_id order by plan_days.read_date
                    ) as previous_campaigns
                from {{ source('campaign_plan', 'plan_days') }} as plan_days
            ) as plan_day
            where
                plan_day._load_id in {{ pending_loads() }}
                and plan_day.campaigns is distinct from plan_day.previous_campaigns
        )
    )
{%- endmacro %}

{#- The longest look-back a visit can have, of any campaign and of all of them: the shop's customer journey
reaches no further back. -#}
{% macro visit_lookback_days() -%}
    {{ return(30) }}
{%- endmacro %}

{#- What decides which touches take part and how an order is split, one text per row; the SQL itself is the last. -#}
{% macro attribution_settings() -%}
    {%- if var('default_lookback_days') > visit_lookback_days() -%}
        {{ exceptions.raise_compiler_error(
            "default_lookback_days: value " ~ var('default_lookback_days') ~ " is not allowed; allowed: 1 to "
            ~ visit_lookback_days() ~ " (dbt_project.yml): the shop's customer journey reaches no further back"
        ) }}
    {%- endif -%}
    select
        'rule ' || concat_ws(
            ' ',
            precedence.rule_version,
            precedence.evidence_type,
            precedence.precedence_rank,
            coalesce(cast(precedence.window_days as text), 'campaign'),
            precedence.tie_break
        ) as setting
    from {{ ref('ref_precedence_rule') }} as precedence
    {%- for name in [
        'attribution_models', 'attribution_rule_versions', 'direct_policy', 'collapses_repeats',
        'default_lookback_days', 'half_life_days', 'same_visit_seconds', 'in_app_sales_channels',
        'identities_per_email', 'visitors_per_customer', 'staff_discount_codes',
        'unpaid_financial_statuses', 'online_sales_channels', 'exchange_source_names'
    ] %}

    union all

    select '{{ name }} {{ var(name) | string | replace("'", "") }}' as setting
    {%- endfor %}

    union all

    select 'code {{ project_code() }}' as setting
{%- endmacro %}

{#- True when the settings differ from those the facts were last built with, or nobody knows them. -#}
{% macro attribution_settings_changed() -%}
    {%- if is_built('intermediate', 'int_attribution_settings') -%}
        {%- set applied = adapter.get_relation(
            target.database, 'intermediate', 'int_attribution_settings'
        ) -%}
    exists (
        select 1
        from ({{ attribution_settings() }}) as settings
        full outer join {{ applied }} as applied on settings.setting = applied.setting
        where settings.setting is null or applied.setting is null
    )
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}

{#- Pre-hook of facts with several rows per order: forget the orders that are about to be rebuilt.

An order may lose rows (a code that changed its owner), so deleting by the new rows' keys would leave
old ones behind. Hook and insert share one transaction. -#}
{% macro forget_affected_orders() -%}
    {% if is_incremental() -%}
        delete from {{ this }}
        where (connection_id, order_id) in (
            select affected.connection_id, affected.order_id
            from {{ ref('int_orders_affected') }} as affected
        )
    {%- endif %}
{%- endmacro %}

{#- The orders such a fact is built for: those about to be rebuilt, and in the first build every one,
whatever the run's loads touched. The model says that it depends on `int_orders_affected`. -#}
{% macro orders_to_build() -%}
    select * from {{ ref('fct_order') }}
    {% if is_incremental() -%}
    where
        (connection_id, order_id) in (
            select affected.connection_id, affected.order_id
            from {{ ref('int_orders_affected') }} as affected
        )
    {%- endif %}
{%- endmacro %}

{#- Pre-hook of models over orders, for their transaction alone: room to sort in memory, and the price
of a page that is found by index. A day's orders lie together, so a lookup costs about what a scan of
the same pages does; by the server's own price a day would scan the whole history.

joins_by_hash: where every order meets its touches; sorting both by their texts costs twice as much. -#}
{% macro tune_transaction(joins_by_hash=false) -%}
    {{ return(adapter.dispatch('tune_transaction', 'groundswell')(joins_by_hash)) }}
{%- endmacro %}

{% macro default__tune_transaction(joins_by_hash) -%}
{%- endmacro %}

{% macro postgres__tune_transaction(joins_by_hash) -%}
    set local work_mem = '{{ var("sort_memory") }}';
    set local random_page_cost = 1.1
    {%- if joins_by_hash %};
    set local enable_mergejoin = off
    {%- endif %}
{%- endmacro %}

{#- Post-hook of a table that runs append to: tell the planner what it holds once it is a tenth larger than
the planner knows. A sample costs what a day's rows do, and after a year ten times what it does after a
month; in between the server's own upkeep follows what was changed in place.

A size is not a sample: an index built on a new table tells the planner how many rows there are and nothing of
what is in them. So a table is also sampled while a column that is to be sampled never was.

columns: names of the columns to sample, those that statements filter and join by; all of them without. -#}
{% macro analyze_when_grown(columns=[]) -%}
    {{ return(adapter.dispatch('analyze_when_grown', 'groundswell')(columns)) }}
{%- endmacro %}

{% macro default__analyze_when_grown(columns) -%}
    analyze {{ this }}
{%- endmacro %}

{% macro postgres__analyze_when_grown(columns) -%}
    do $hook$
    begin
        if exists (
            select 1
            from pg_catalog.pg_class as known
            inner join pg_catalog.pg_attribute as held
                on known.oid = held.attrelid and held.attnum > 0 and not held.attisdropped
            left join pg_catalog.pg_stats as sampled
                on
                    sampled.schemaname = '{{ this.schema }}'
                    and sampled.tablename = '{{ this.identifier }}'
                    and held.attname = sampled.attname
            where
                known.oid = '{{ this }}'::regclass
                and (
                    pg_relation_size(known.oid) > 1.1 * known.relpages * current_setting('block_size')::bigint
                    or (
                        sampled.attname is null
                        {%- if columns %}
                        and held.attname in {{ quoted_list(columns) }}
                        {%- endif %}
                    )
                )
        ) then
            analyze {{ this }} {{ '(' ~ columns | join(', ') ~ ')' if columns }};
        end if;
    end
    $hook$
{%- endmacro %}

{#- Pre-hook of models that join an order's rows among themselves, for their transaction alone: of many
affected orders the planner expects few rows in the middle of a long query, and would compare each with
each. A day's orders are looked up in the history by index, so they keep that way. -#}
{% macro join_many_by_hash() -%}
    {{ return(adapter.dispatch('join_many_by_hash', 'groundswell')()) }}
{%- endmacro %}

{% macro default__join_many_by_hash() -%}
{%- endmacro %}

{% macro postgres__join_many_by_hash() -%}
    select set_config(
        'enable_nestloop',
        case when count(*) > {{ var('fewest_orders_joined_by_hash') }} then 'off' else 'on' end,
        true
    )
    from {{ ref('int_orders_affected') }}
{%- endmacro %}

{#- True when a relation of this project is already built. -#}
{% macro is_built(schema, name) -%}
    {{ return(execute and adapter.get_relation(target.database, schema, name) is not none) }}
{%- endmacro %}

{#- True for a snapshot of the time in which the posts of int_posts_reread have any: nothing before it is read. A
changed plan may have moved their days, so that nobody knows. -#}
{% macro is_since_first_reread(snapshots) -%}
    (
            {{ snapshots }}.snapshot_date >= (
                select
                    case
                        when count(*) > count(reread.first_date) then cast('-infinity' as date)
                        else min(reread.first_date)
                    end
                from {{ ref('int_posts_reread') }} as reread
            )
            or {{ plan_changed() }}
        )
{%- endmacro %}

{#- True for a session date whose rows a pending load may have changed or withdrawn: GA4 loads replace
whole dates, so a date is rebuilt as a whole. -#}
{% macro is_session_date_reread(session_date, connection_id) -%}
    (
        {{ plan_changed() }}
        or ({{ connection_id }}, {{ session_date }}) in (
            select
                changed.connection_id,
                changed.session_date
            from {{ ref('stg_ga4__source_sessions') }} as changed
            where changed.load_id in {{ pending_loads() }}
        )
        or {{ session_date }} between (
            select min({{ days_after('load_windows.window_start', - var('ga4_reread_days')) }})
            from {{ withdrawing_session_loads() }}
        ) and (
            select max(cast(load_windows.window_end as date))
            from {{ withdrawing_session_loads() }}
        )
    )
{%- endmacro %}

{#- Loads after which sessions of a date may be gone. Asked for once, not for every stored row: the span of
all of them is read again. -#}
{% macro withdrawing_session_loads() -%}
    {{ source('quality', 'load_windows') }} as load_windows
            where
                load_windows.load_id in {{ pending_loads() }}
                and load_windows.source = 'ga4'
                and load_windows.stream = 'session_totals'
                and load_windows.rows_deleted > 0
{%- endmacro %}

{#- Pre-hook of fct_web_session_daily: forget the dates that are about to be rebuilt. -#}
{% macro forget_reread_session_dates() -%}
    {% if is_incremental() -%}
        delete from {{ this }} as stored
        where {{ is_session_date_reread('stored.session_date', 'stored.connection_id') }}
    {%- endif %}
{%- endmacro %}
