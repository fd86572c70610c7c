{#- Load ids the current measure run consumes; every load when none is open. -#}
{% macro pending_loads() -%}
    (select pending.load_id from {{ source('quality', 'pending_loads') }} as pending)
{%- endmacro %}

{#- True when a campaign file changed in a pending load: ownership of codes and links may differ. -#}
{% macro plan_changed() -%}
    exists (
        select 1
        from {{ source('campaign_plan', 'plan_versions') }} as plan_version
        where plan_version._load_id in {{ pending_loads() }}
    )
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

{#- True when a relation of this project is already built. -#}
{% macro is_built(schema, name) -%}
    {{ return(execute and adapter.get_relation(target.database, schema, name) is not none) }}
{%- endmacro %}
