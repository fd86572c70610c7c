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

{#- An amount of an order in its shop's currency, to the cent: plugins let customers pay in others. -#}
{% macro in_shop_currency(value, orders) -%}
    {{ amount(converted_amount(
        '(' ~ value ~ ')',
        orders ~ '.currency_code',
        orders ~ '.shop_currency_code',
        orders ~ '.shop_date'
    )) }}
{%- endmacro %}
