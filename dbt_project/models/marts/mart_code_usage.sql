with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

redemptions as (

    select
        *,
        {{ code_key('typed_code') }} <> code_key as is_fuzzy_spelling,
        coalesce(sales_channel in {{ quoted_list(var('store_sales_channels')) }}, false)
            as is_in_store,
        coalesce(sales_channel in {{ quoted_list(var('in_app_sales_channels')) }}, false)
            as is_in_app
    from {{ ref('int_code_redemptions') }}
    where order_class <> 'test'

),

codes as (

    select * from {{ ref('int_codes_live') }}

),

counted as (

    select
        connection_id,
        campaign_id,
        code_key,
        creator_id,
        order_date,
        currency_code,
        count(*) as redemption_count,
        {{ count_where("order_class = 'kept'") }} as kept_order_count,
        {{ count_where("order_class = 'kept' and is_in_store") }} as store_order_count,
        {{ count_where("order_class = 'kept' and is_in_app") }} as in_app_order_count,
        {{ count_where("order_class = 'cancelled'") }} as cancelled_order_count,
        {{ count_where("order_class = 'unpaid'") }} as unpaid_order_count,
        {{ count_where("order_class = 'unpriced'") }} as unpriced_order_count,
        {{ count_where("order_class = 'self_referral'") }} as self_referral_order_count,
        {{ count_where("order_class = 'gifted'") }} as gifted_order_count,
        {{ count_where("order_class = 'staff'") }} as staff_order_count,
        {{ count_where("order_class = 'exchange'") }} as exchange_order_count,
        {{ count_where('is_exact_spelling') }} as exact_spelling_count,
        {{ count_where('not is_exact_spelling and not is_fuzzy_spelling') }}
            as normalised_spelling_count,
        {{ count_where('is_fuzzy_spelling') }} as fuzzy_spelling_count,
        {{ count_where('is_shared') }} as shared_order_count,
        {{ count_where('has_owner_evidence') }} as owner_evidence_order_count,
        {{ count_where("order_class = 'kept' and is_new_customer") }} as new_customer_order_count,
        {{ count_where("order_class = 'kept' and not is_new_customer") }}
            as returning_customer_order_count,
        {{ count_where("order_class = 'kept' and is_new_customer is null") }}
            as unknown_customer_order_count,
        sum(case when order_class = 'kept' then gross_amount else 0 end) as gross_amount,
        sum(case when order_class = 'kept' then discount_amount else 0 end) as discount_amount,
        sum(case when order_class = 'kept' then net_revenue_amount else 0 end)
            as net_revenue_amount
    from redemptions
    group by connection_id, campaign_id, code_key, creator_id, order_date, currency_code

),

final as (

    select
        counted.campaign_id,
        counted.connection_id,
        counted.code_key,
        codes.code,
        counted.creator_id,
        counted.order_date,
        counted.redemption_count,
        counted.kept_order_count,
        counted.store_order_count,
        counted.in_app_order_count,
        counted.cancelled_order_count,
        counted.unpaid_order_count,
        counted.unpriced_order_count,
        counted.self_referral_order_count,
        counted.gifted_order_count,
        counted.staff_order_count,
        counted.exchange_order_count,
        counted.exact_spelling_count,
        counted.normalised_spelling_count,
        counted.fuzzy_spelling_count,
        counted.shared_order_count,
        counted.owner_evidence_order_count,
        counted.new_customer_order_count,
        counted.returning_customer_order_count,
        counted.unknown_customer_order_count,
        {{ ratio(
            'counted.new_customer_order_count',
            'counted.new_customer_order_count + counted.returning_customer_order_count'
        ) }} as new_customer_rate,
        {{ rate_low(
            'counted.new_customer_order_count',
            '(counted.new_customer_order_count + counted.returning_customer_order_count)'
        ) }} as new_customer_rate_low,
        {{ rate_high(
            'counted.new_customer_order_count',
            '(counted.new_customer_order_count + counted.returning_customer_order_count)'
        ) }} as new_customer_rate_high,
        counted.currency_code,
        {{ amount('counted.gross_amount') }} as gross_amount,
        {{ amount('counted.discount_amount') }} as discount_amount,
        {{ ratio('counted.discount_amount', 'counted.gross_amount') }} as discount_rate,
        {{ amount('counted.net_revenue_amount') }} as net_revenue_amount,
        {{ days_after('counted.order_date', var('restatement_days')) }} <= facts.as_of_date
            as is_final,
        facts.sources_present,
        facts.as_of_date
    from counted
    inner join codes
        on
            counted.campaign_id = codes.campaign_id
            and counted.code_key = codes.code_key
            and counted.creator_id = codes.creator_id
    cross join facts

)

select * from final
