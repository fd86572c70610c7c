{#- False when every redemption is worked out anew: first build, full refresh, an older version's table, a
shop whose orders come from another country than before, another list of coupon sites, or a run that
stitches everybody anew. -#}
{% macro redeems_in_part() -%}
    {%- if is_incremental() and is_stitched_in_part() and has_column(this, 'coupon_sites_key') -%}
        {%- set question -%}
            select not exists (
                select 1
                from (
                    select distinct
                        redeemed.connection_id,
                        redeemed.home_country_code,
                        redeemed.coupon_sites_key
                    from {{ this }} as redeemed
                ) as kept
                left join {{ ref('int_shop_homes') }} as homes
                    on kept.connection_id = homes.connection_id
                where
                    kept.home_country_code is distinct from homes.country_code
                    or kept.coupon_sites_key <> {{ coupon_sites_key() }}
            )
        {%- endset -%}
        {{ return(asked_first(question)) }}
    {%- else -%}
        {{ return(false) }}
    {%- endif -%}
{%- endmacro %}

{#- Tells one list of coupon sites from another. -#}
{% macro coupon_sites_key() -%}
    (
        select md5(coalesce(string_agg(sites.host, ',' order by sites.host), ''))
        from {{ ref('ref_coupon_site') }} as sites
    )
{%- endmacro %}

{#- The orders whose redemptions are worked out anew. -#}
{% macro redeemed_anew() -%}
    select
        affected.connection_id,
        affected.order_id
    from {{ ref('int_orders_affected') }} as affected

    union

    select
        restitched.connection_id,
        restitched.node_id as order_id
    from {{ source('analysis', 'restitched') }} as restitched
    where restitched.node_type = 'order'

    union

    -- Whoever typed a code for free shipping shares the order otherwise. A code that was ever read as
    -- anything else stays one for goods, whatever is read now.
    select
        typed.connection_id,
        typed.order_id
    from (
        select
            codes.connection_id,
            codes.code_key
        from {{ ref('int_shop_codes') }} as codes
        group by codes.connection_id, codes.code_key
        having
            bool_or(codes.load_id in {{ pending_loads() }})
            and not coalesce(bool_or(
                not codes.is_free_shipping
                and codes.load_id not in {{ pending_loads() }}
            ), false)
    ) as changed
    inner join (
        select
            connection_id,
            order_id,
            code_key
        from {{ ref('stg_shopify__order_discount_codes') }}

        union all

        select
            connection_id,
            order_id,
            code_key
        from {{ ref('stg_woocommerce__order_coupon_lines') }}
    ) as typed
        on
            changed.connection_id = typed.connection_id
            and changed.code_key = typed.code_key
{%- endmacro %}

{#- Join with them; nothing when all are. -#}
{% macro join_redeemed_anew(in_part, relation) -%}
    {%- if in_part %}
    inner join ({{ redeemed_anew() }}) as rebuilt
        on
            {{ relation }}.connection_id = rebuilt.connection_id
            and {{ relation }}.order_id = rebuilt.order_id
    {%- endif -%}
{%- endmacro %}

{#- Pre-hook: forget them. -#}
{% macro forget_redeemed() -%}
    {%- if is_incremental() -%}
        {%- if redeems_in_part() -%}
            delete from {{ this }} where (connection_id, order_id) in ({{ redeemed_anew() }})
        {%- else -%}
            truncate {{ this }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
