{#- Views are replaced in place. dbt's own way (build beside, rename twice, drop the old one) takes every
view that reads the old one down with it, so two threads whose views share a reader wait for each other:
a deadlock. Replaced in place a view keeps its readers and its grants, and costs one statement instead of
five. Where columns went or changed their type Postgres refuses, and only then it is dropped; the views that
read it come after it in the graph and are built again. -#}
{% materialization view, adapter='postgres' -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if existing is not none and not existing.is_view -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ replace_view(target, sql) }}
    {%- endcall -%}

    {%- set should_revoke = should_revoke(existing, full_refresh_mode=False) -%}
    {%- do apply_grants(target, config.get('grants'), should_revoke=should_revoke) -%}
    {%- do persist_docs(target, model) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{%- endmaterialization %}

{% macro replace_view(relation, sql) -%}
    {%- if config.get('contract').enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %}
    do $replace_view$
    declare
        definition constant text := $definition$
{{ sql }}
$definition$;
        hint text;
    begin
        execute 'create or replace view {{ relation }} as ' || definition;
    exception
        when invalid_table_definition then
            perform {{ cascade_lock() }};
            drop view {{ relation }} cascade;
            execute 'create view {{ relation }} as ' || definition;
        when others then
            -- Else the error would repeat the whole definition.
            get stacked diagnostics hint = pg_exception_hint;
            raise exception using errcode = sqlstate, message = concat_ws('; ', sqlerrm, nullif(hint, ''));
    end
    $replace_view$
{%- endmacro %}

{#- One drop at a time: two that cascade to the same views lock them in either order. Held until the
transaction ends, which dbt commits before it drops anything. -#}
{% macro cascade_lock() -%}
    pg_advisory_xact_lock(hashtext('groundswell drop cascade'))
{%- endmacro %}

{% macro postgres__drop_view(relation) -%}
    select {{ cascade_lock() }};
    drop view if exists {{ relation }} cascade
{%- endmacro %}

{% macro postgres__drop_table(relation) -%}
    select {{ cascade_lock() }};
    drop table if exists {{ relation }} cascade
{%- endmacro %}
