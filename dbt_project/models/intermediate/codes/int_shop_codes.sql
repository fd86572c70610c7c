-- One row per snapshot of a code in its shop: Shopify's discount codes and WooCommerce's coupons in
-- one language. A coupon may ship free and lower the goods too; only one that does nothing else is
-- a code for free shipping. WooCommerce knows no status for the time after expiry.
with

final as (

    select
        connection_id,
        code_id,
        code_key,
        window_start,
        discount_status,
        is_active,
        discount_type = 'DiscountCodeFreeShipping' as is_free_shipping,
        usage_count,
        usage_limit_count,
        load_id
    from {{ ref('stg_shopify__discount_codes') }}

    union all

    select
        connection_id,
        coupon_id as code_id,
        code_key,
        window_start,
        case
            when coupon_status = 'future' then 'SCHEDULED'
            when coupon_status <> 'publish' then upper(coupon_status)
            when expires_at <= captured_at then 'EXPIRED'
            else 'ACTIVE'
        end as discount_status,
        coupon_status = 'publish' and coalesce(expires_at > captured_at, true) as is_active,
        coalesce(has_free_shipping, false) and coalesce(discount_value, 0) = 0
            as is_free_shipping,
        usage_count,
        usage_limit_count,
        load_id
    from {{ ref('stg_woocommerce__coupons') }}

)

select * from final
