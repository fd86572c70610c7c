{#- Class of an order, the first that fits. Creator metrics count `kept`; the tie-out all but `test`.
`cancelled` includes orders returned in full, `gifted` every order without any net sale (product sent,
gift cards only). `staff` needs a fact the shop's orders do not carry yet, so nothing falls into it. -#}
{% macro order_class() -%}
    case
        when is_test then 'test'
        when cancelled_at is not null then 'cancelled'
        when source_name in ('{{ var("exchange_source_names") | join("', '") }}') then 'exchange'
        when sale_amount = 0 then 'gifted'
        when is_self_referral then 'self_referral'
        when financial_status in ('{{ var("unpaid_financial_statuses") | join("', '") }}') then 'unpaid'
        when net_revenue_amount <= 0 then 'cancelled'
        else 'kept'
    end
{%- endmacro %}
