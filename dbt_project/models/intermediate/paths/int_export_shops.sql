-- One row per event export, and per host of it that differs: the shops its visitors are in, as a
-- list. A shop is theirs when a tenth of the purchases that name their order are its own: fewer are
-- numbers that two shops share by chance. Hosts nobody buys on (a blog, a copy in another
-- language) are `(other)`, the export as a whole; `(other)` of `(other)` is an export without
-- purchases, which can only be told where the campaigns have one shop.
{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with

purchases as (

    select
        reported.export_connection_id as connection_id,
        sessions.hostname,
        reported.connection_id as shop_connection_id
    from {{ ref('int_purchases_matched') }} as reported
    inner join {{ ref('int_export_sessions') }} as sessions
        on
            reported.export_connection_id = sessions.connection_id
            and reported.session_id = sessions.session_id

),

placed as (

    select
        connection_id,
        '(other)' as hostname,
        shop_connection_id
    from purchases

    union all

    select
        connection_id,
        hostname,
        shop_connection_id
    from purchases
    where hostname is not null

),

counted as (

    select
        connection_id,
        hostname,
        shop_connection_id,
        count(*) as purchase_count,
        sum(count(*)) over (partition by connection_id, hostname) as host_purchase_count
    from placed
    group by connection_id, hostname, shop_connection_id

),

listed as (

    select
        connection_id,
        hostname,
        string_agg(shop_connection_id, ',' order by shop_connection_id) as shop_connection_ids
    from counted
    where 10 * purchase_count >= host_purchase_count
    group by connection_id, hostname

),

only_shop as (

    select
        '(other)' as connection_id,
        '(other)' as hostname,
        min(shop_connection_id) as shop_connection_ids
    from {{ ref('stg_campaign_plan__campaign_shops') }}
    having count(distinct shop_connection_id) = 1

),

-- What the row of the export as a whole, or of any export, says already is left out.
final as (

    select
        listed.connection_id,
        listed.hostname,
        listed.shop_connection_ids
    from listed
    left join listed as whole
        on
            listed.connection_id = whole.connection_id
            and listed.hostname <> '(other)'
            and whole.hostname = '(other)'
    left join only_shop on listed.hostname = '(other)'
    where
        listed.shop_connection_ids
        <> coalesce(whole.shop_connection_ids, only_shop.shop_connection_ids, '')

    union all

    select
        connection_id,
        hostname,
        shop_connection_ids
    from only_shop

)

select * from final
