{#- True for a status whose orders WooCommerce counts as sales; plugins add statuses, which count. -#}
{% macro is_counted_by_woocommerce(status) -%}
    {{ status }} not in (
        'pending', 'failed', 'cancelled', 'trash', 'checkout-draft', 'auto-draft', 'draft'
    )
{%- endmacro %}

{#- True where the shop's own attribution noted the visit that led to an order; an order made by hand
has a note too, which tells of no visit. -#}
{% macro has_woocommerce_visit(orders) -%}
    {{ orders }}.referrer_type is not null and {{ orders }}.referrer_type <> 'admin'
{%- endmacro %}

{#- Where an order was placed, in Shopify's words where it has one. -#}
{% macro woocommerce_source_name(created_via) -%}
    case
        when {{ created_via }} in ('checkout', 'store-api') then 'web'
        when {{ created_via }} like 'pos%' then 'pos'
        else {{ created_via }}
    end
{%- endmacro %}

{#- An amount of an order in its shop's currency, to the cent: plugins let customers pay in others. -#}
{% macro in_shop_currency(value, orders) -%}
    {{ amount(converted_amount(
        '(' ~ value ~ ')',
        orders ~ '.currency_code',
        orders ~ '.shop_currency_code',
        orders ~ '.shop_date'
    )) }}
{%- endmacro %}

{#- Orders of `orders` by their number among those of their customer. An account as young as its first order
known here has no earlier orders, so its counted orders can be numbered; of older accounts, and of guests, nobody
knows. `orders` has all orders of a customer or none. -#}
{% macro customer_order_indexes(orders) -%}
    select
        numbered.connection_id,
        numbered.order_id,
        -- Grouped, so that the planner sees one row and leaves it out where nobody asks for it.
        max(numbered.counted_number) as customer_order_index
    from (
        select
            connection_id,
            customer_id,
            order_id,
            row_number() over (
                partition by connection_id, customer_id order by created_at, order_id
            ) as counted_number,
            min(created_at) over (partition by connection_id, customer_id) as first_known_at
        from {{ orders }}
        where customer_id is not null and {{ is_counted_by_woocommerce('order_status') }}
    ) as numbered
    inner join {{ ref('stg_woocommerce__customers') }} as customers
        on
            numbered.connection_id = customers.connection_id
            and numbered.customer_id = customers.customer_id
            and customers.created_at >= numbered.first_known_at - interval '1 day'
    group by numbered.connection_id, numbered.order_id
{%- endmacro %}
