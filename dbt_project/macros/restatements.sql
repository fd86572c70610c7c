{#- Post-hook of int_orders_affected: the orders a run rebuilds are those whose figures the next
publication compares with the one before. They stay noted until a run that saw them is published. -#}
{% macro note_rebuilt_orders() -%}
    insert into {{ source('analysis', 'rebuilt_orders') }} (connection_id, order_id)
    select distinct
        affected.connection_id,
        affected.order_id
    from {{ this }} as affected
    on conflict (connection_id, order_id)
    do update set seen_by_run = null
{%- endmacro %}
