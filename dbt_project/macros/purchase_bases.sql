{#- True when GA4's amount of a purchase (once_amount) is the goods with any of tax, shipping, other lines
(gift cards, tips), and before discounts; `restated`: with what came after the sale, too. The shortest first:
most purchases are one of them. -#}
{% macro is_sent_as_known_basis(restated=none) -%}
    {%- set bases = [
        [],
        ['tax'], ['shipping'], ['other'], ['discount'],
        ['tax', 'shipping'], ['tax', 'other'], ['tax', 'discount'],
        ['shipping', 'other'], ['shipping', 'discount'], ['other', 'discount'],
        ['tax', 'shipping', 'other'], ['tax', 'shipping', 'discount'],
        ['tax', 'other', 'discount'], ['shipping', 'other', 'discount'],
        ['tax', 'shipping', 'other', 'discount'],
    ] -%}
    (
        {%- for parts in bases %}
        {{ 'or ' if not loop.first }}abs(
            sale_amount - once_amount
            {%- for part in parts %} + {{ part }}_amount{% endfor %}
            {%- if restated %} + {{ restated }}{% endif %}
        ) <= 0.01
        {%- endfor %}
    )
{%- endmacro %}
