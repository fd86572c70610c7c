{#- Class of an order, the first that fits. Creator metrics count `kept`; the tie-out all but `test`.
`cancelled` includes orders returned in full, `gifted` every order without any net sale (product sent,
gift cards only), `staff` one with a code that only the shop's own people have, `unpriced` one with a sale
in a currency that no exchange rate is known for: its money is 0.00 here, which makes it no gift. -#}
{% macro order_class() -%}
    case
        when is_test then 'test'
        when cancelled_at is not null then 'cancelled'
        when source_name in ('{{ var("exchange_source_names") | join("', '") }}') then 'exchange'
        when is_staff then 'staff'
        when sale_amount = 0 and not is_unpriced then 'gifted'
        when is_self_referral then 'self_referral'
        when financial_status in ('{{ var("unpaid_financial_statuses") | join("', '") }}') then 'unpaid'
        when is_unpriced then 'unpriced'
        when net_revenue_amount <= 0 then 'cancelled'
        else 'kept'
    end
{%- endmacro %}
