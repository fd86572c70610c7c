{#- Tables that keep sums of order rows by the orders' business date. What they sum changes for rebuilt orders
alone (int_orders_affected), so only the days of those are summed again: `analysis.rebuilt_days` notes them,
`analysis.day_readers` up to which note each table has read.

Such a model is incremental with the strategy append and the pre-hooks open_rebuilt_days and
forget_rebuilt_days. All of it is one transaction: a build that fails has read no note. -#}

{#- Post-hook of int_orders_affected, before any fact is rebuilt: the days its orders had until now, and
those they will have. Notes that every table has read are dropped. -#}
{% macro note_rebuilt_days() -%}
    delete from {{ source('analysis', 'rebuilt_days') }}
    where note_id <= (select min(reader.to_note_id) from {{ source('analysis', 'day_readers') }} as reader);
    insert into {{ source('analysis', 'rebuilt_days') }} (connection_id, order_date)
    select distinct
        affected.connection_id,
        affected.order_date
    from {{ this }} as affected
    {%- if is_built('core', 'fct_order') %}

    union distinct

    select distinct
        orders.connection_id,
        orders.order_date
    from {{ this }} as affected
    inner join {{ adapter.get_relation(target.database, 'core', 'fct_order') }} as orders
        on
            affected.connection_id = orders.connection_id
            and affected.order_id = orders.order_id
    {%- endif %}
{%- endmacro %}

{#- Pre-hook: the notes this build reads are those after the ones read before, up to the newest now. -#}
{% macro open_rebuilt_days() -%}
    insert into {{ source('analysis', 'day_readers') }} as reader (model_name, to_note_id)
    select
        '{{ this.identifier }}' as model_name,
        coalesce(max(rebuilt.note_id), 0) as to_note_id
    from {{ source('analysis', 'rebuilt_days') }} as rebuilt
    on conflict (model_name) do update set
        from_note_id = {{ 'reader.to_note_id' if is_incremental() else 'null' }},
        to_note_id = greatest(reader.to_note_id, excluded.to_note_id)
{%- endmacro %}

{#- Rows of the days a build sums again: all while nobody knows what was read. -#}
{% macro days_to_rebuild() -%}
    select
        rebuilt.connection_id,
        rebuilt.order_date
    from {{ source('analysis', 'rebuilt_days') }} as rebuilt
    inner join {{ source('analysis', 'day_readers') }} as reader
        on
            reader.model_name = '{{ this.identifier }}'
            and rebuilt.note_id > reader.from_note_id
            and rebuilt.note_id <= reader.to_note_id

    union distinct

    select
        orders.connection_id,
        orders.order_date
    from {{ ref('fct_order') }} as orders
    where
        exists (
            select 1
            from {{ source('analysis', 'day_readers') }} as reader
            where reader.model_name = '{{ this.identifier }}' and reader.from_note_id is null
        )
{%- endmacro %}

{#- Pre-hook, after open_rebuilt_days: forget those days. Two statements, so that days are looked up. -#}
{% macro forget_rebuilt_days() -%}
    {% if is_incremental() -%}
        delete from {{ this }}
        where exists (
            select 1
            from {{ source('analysis', 'day_readers') }} as reader
            where reader.model_name = '{{ this.identifier }}' and reader.from_note_id is null
        );
        delete from {{ this }}
        where (connection_id, order_date) in (
            select
                rebuilt.connection_id,
                rebuilt.order_date
            from {{ source('analysis', 'rebuilt_days') }} as rebuilt
            inner join {{ source('analysis', 'day_readers') }} as reader
                on
                    reader.model_name = '{{ this.identifier }}'
                    and rebuilt.note_id > reader.from_note_id
                    and rebuilt.note_id <= reader.to_note_id
        )
    {%- endif %}
{%- endmacro %}

{#- Pre-hook of a table with days of its own to sum again, collected in a temporary table: forget those. -#}
{% macro forget_collected_days(collected) -%}
    {% if is_incremental() -%}
        delete from {{ this }}
        where
            (connection_id, order_date) in (
                select
                    days.connection_id,
                    days.order_date
                from {{ collected }} as days
            )
    {%- endif %}
{%- endmacro %}

{#- True for a date of some days. A list, not a join: it reaches into views and is looked up by index, where a
join would read every order. -#}
{% macro is_of_days(order_date, days) -%}
    {{ order_date }} = any(array(select listed.order_date from {{ days }} as listed))
{%- endmacro %}

{#- True for a row of some orders, by lists for the same reason: both parts of the key, as they are indexed. -#}
{% macro is_of_orders(relation, orders) -%}
    {{ relation }}.connection_id = any(array(select distinct listed.connection_id from {{ orders }} as listed))
    and {{ relation }}.order_id = any(array(select listed.order_id from {{ orders }} as listed))
{%- endmacro %}

{#- The orders of some days. -#}
{% macro orders_of_days(days) -%}
    (
        select
            placed.connection_id,
            placed.order_id
        from {{ ref('fct_order') }} as placed
        where {{ is_of_days('placed.order_date', days) }}
    )
{%- endmacro %}
