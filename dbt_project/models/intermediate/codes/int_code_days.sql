-- One row per campaign, code, owner and business date with redemptions, counted as leak scores need
-- them. Owners' own orders, gifts, staff, exchanges and tests are no redemptions; cancelled,
-- unpaid and unpriced orders are: somebody had the code. A stray is a user who came by another
-- creator and typed this one's code; it counts apart, and tells how many such there are.
with

redemptions as (

    select * from {{ ref('int_code_redemptions') }}
    where order_class in ('kept', 'cancelled', 'unpaid', 'unpriced')

),

final as (

    select
        campaign_id,
        code_key,
        creator_id,
        order_date,
        {{ count_where('not is_stray') }} as use_count,
        {{ count_where('is_stray') }} as stray_count,
        {{ count_where('has_owner_evidence') }} as linked_count,
        {{ count_where('not is_stray and has_known_visits') }} as seen_count,
        {{ count_where('not is_stray and has_known_visits and not has_owner_evidence') }}
            as sessionless_count,
        {{ count_where('not is_stray and is_new_customer is not null') }} as identified_count,
        {{ count_where('not is_stray and not is_new_customer') }} as returning_count,
        {{ count_where('not is_stray and is_abroad is not null') }} as located_count,
        {{ count_where('not is_stray and is_abroad') }} as abroad_count,
        {{ count_where('not is_stray and has_coupon_site') }} as coupon_site_count
    from redemptions
    group by campaign_id, code_key, creator_id, order_date

)

select * from final
