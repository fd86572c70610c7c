-- One row per identity of a shop that ordered, was linked or has an address: whose it is today, by
-- which rule, how sure that is and since when. Of identities that belong together the customer is
-- the one a shop kept, before guests, before the younger, so that the answer needs no memory: the
-- same raw rows give the same customers, whichever of them this run works out anew.
-- Two are one person when the shop merged them (`shop_merge`), when they share an e-mail address
-- (`same_email`), or when a customer gave the address in the survey about their order
-- (`answered_email`). An address of more than `identities_per_email` customers says nothing.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        '{{ tune_transaction() }}',
        "{{ forget_restitched('identity', 'connection_id', 'identity_id') }}",
    ],
    indexes=[
        {'columns': ['connection_id', 'identity_id'], 'unique': true},
        {'columns': ['email_key']},
    ],
    post_hook='{{ analyze_when_grown() }}',
) }}

{%- set in_part = is_incremental() and is_stitched_in_part() -%}

with recursive

orders as (

    select orders.*
    from {{ ref('int_orders_identified') }} as orders
    {{- join_restitched(in_part, 'order', 'orders', 'order_id') }}

),

moved as (

    select moved.*
    from {{ ref('stg_shopify__moved_orders') }} as moved
    {{- join_restitched(in_part, 'order', 'moved', 'order_id') }}
    {%- if in_part %}
    -- Says the same, but by index: the view else asks of every order ever whether it moved.
    where
        moved.order_id = any(
            array(
                select listed.node_id
                from {{ source('analysis', 'restitched') }} as listed
                where listed.node_type = 'order'
            )
        )
        and moved.connection_id = any(
            array(
                select listed.connection_id
                from {{ source('analysis', 'restitched') }} as listed
                where listed.node_type = 'order'
                group by listed.connection_id
            )
        )
    {%- endif %}

),

-- All orders of who is gone went to one customer; the newest reading names the last one kept.
merged as (

    select distinct on (connection_id, customer_id)
        connection_id,
        {{ customer_key('customer_id', 'connection_id') }} as identity_id,
        {{ customer_key('kept_customer_id', 'connection_id') }} as other_identity_id,
        merged_at as linked_at
    from moved
    order by connection_id asc, customer_id asc, merged_at desc, kept_customer_id asc

),

-- The address a shop has of its customer.
known_addresses as (

    {{ known_addresses(in_part) | indent(4) }}

),

addresses as (

    select
        connection_id,
        customer_key,
        email_key,
        'same_email' as stitching_rule,
        linked_at
    from known_addresses

    union all

    select
        connection_id,
        customer_key,
        email_key,
        case when is_email_answered then 'answered_email' else 'same_email' end as stitching_rule,
        ordered_at as linked_at
    from orders
    where customer_key is not null and email_key is not null

),

customers_of_addresses as (

    select
        connection_id,
        customer_key,
        email_key,
        max(stitching_rule) as stitching_rule,
        min(linked_at) as linked_at
    from addresses
    group by connection_id, customer_key, email_key

),

counted as (

    select
        customers_of_addresses.*,
        count(*) over (
            partition by customers_of_addresses.connection_id, customers_of_addresses.email_key
        ) as customer_count
    from customers_of_addresses

),

guest_emails as (

    select distinct
        connection_id,
        identity_id as email_key
    from orders
    where identity_type = 'guest'

),

links as (

    select
        connection_id,
        identity_id,
        other_identity_id,
        'shop_merge' as stitching_rule,
        linked_at
    from merged

    union all

    select
        counted.connection_id,
        counted.customer_key as identity_id,
        counted.email_key as other_identity_id,
        counted.stitching_rule,
        counted.linked_at
    from counted
    left join guest_emails
        on
            counted.connection_id = guest_emails.connection_id
            and counted.email_key = guest_emails.email_key
    where
        counted.customer_count <= {{ var('identities_per_email') }}
        and (counted.customer_count > 1 or guest_emails.email_key is not null)

),

steps as (

    select
        connection_id,
        identity_id as from_id,
        other_identity_id as to_id
    from links

    union

    select
        connection_id,
        other_identity_id as from_id,
        identity_id as to_id
    from links

),

-- Everything that can be reached from an identity; groups are a handful of identities.
reached as (

    select
        connection_id,
        from_id as identity_id,
        from_id as reached_id
    from steps

    union

    select
        reached.connection_id,
        reached.identity_id,
        steps.to_id as reached_id
    from reached
    inner join steps
        on
            reached.connection_id = steps.connection_id
            and reached.reached_id = steps.from_id

),

seen as (

    select
        connection_id,
        identity_id,
        identity_type,
        ordered_at as seen_at
    from orders
    where identity_id is not null

    union all

    select
        connection_id,
        identity_id,
        'shop_customer' as identity_type,
        linked_at as seen_at
    from links

    union all

    select
        connection_id,
        other_identity_id as identity_id,
        case when stitching_rule = 'shop_merge' then 'shop_customer' else 'guest' end
            as identity_type,
        linked_at as seen_at
    from links

),

identities as (

    select
        connection_id,
        identity_id,
        max(identity_type) as identity_type,
        min(seen_at) as first_seen_at
    from seen
    group by connection_id, identity_id

),

-- The best reason an identity is linked at all; who was merged by the shop is nobody's survivor.
reasons as (

    select
        connection_id,
        identity_id,
        stitching_rule,
        linked_at,
        is_merged_away,
        row_number() over (
            partition by connection_id, identity_id
            order by
                case stitching_rule
                    when 'shop_merge' then 1 when 'same_email' then 2 else 3
                end,
                linked_at
        ) as reason_number
    from (
        select
            connection_id,
            identity_id,
            stitching_rule,
            linked_at,
            stitching_rule = 'shop_merge' as is_merged_away
        from links

        union all

        select
            connection_id,
            other_identity_id as identity_id,
            stitching_rule,
            linked_at,
            false as is_merged_away
        from links
    ) as both_ends

),

merged_away as (

    select distinct
        connection_id,
        identity_id
    from reasons
    where is_merged_away

),

survivors as (

    select
        reached.connection_id,
        reached.identity_id,
        identities.identity_id as customer_id,
        identities.first_seen_at as customer_seen_at,
        row_number() over (
            partition by reached.connection_id, reached.identity_id
            order by
                case when merged_away.identity_id is null then 0 else 1 end asc,
                identities.identity_type desc,
                identities.first_seen_at asc,
                identities.identity_id asc
        ) as survivor_number
    from reached
    inner join identities
        on
            reached.connection_id = identities.connection_id
            and reached.reached_id = identities.identity_id
    left join merged_away
        on
            reached.connection_id = merged_away.connection_id
            and reached.reached_id = merged_away.identity_id

),

stitched as (

    select
        identities.connection_id,
        identities.identity_id,
        identities.identity_type,
        coalesce(survivors.customer_id, identities.identity_id) as customer_id,
        case
            when coalesce(survivors.customer_id, identities.identity_id) = identities.identity_id
                then 'own_id'
            else reasons.stitching_rule
        end as stitching_rule,
        identities.first_seen_at,
        case
            when survivors.customer_id <> identities.identity_id
                then
                    greatest(
                        identities.first_seen_at, reasons.linked_at, survivors.customer_seen_at
                    )
        end as merged_at
    from identities
    left join survivors
        on
            identities.connection_id = survivors.connection_id
            and identities.identity_id = survivors.identity_id
            and survivors.survivor_number = 1
    left join reasons
        on
            identities.connection_id = reasons.connection_id
            and identities.identity_id = reasons.identity_id
            and reasons.reason_number = 1

),

-- Whose address alone is known is nobody's customer yet; who comes to share it will ask for it.
final as (

    select
        coalesce(stitched.connection_id, known_addresses.connection_id) as connection_id,
        coalesce(stitched.identity_id, known_addresses.customer_key) as identity_id,
        coalesce(stitched.identity_type, 'shop_customer') as identity_type,
        coalesce(stitched.customer_id, known_addresses.customer_key) as customer_id,
        coalesce(stitched.stitching_rule, 'own_id') as stitching_rule,
        stitched.first_seen_at,
        stitched.merged_at,
        stitched.identity_id is not null as is_seen,
        known_addresses.email_key,
        known_addresses.linked_at
    from stitched
    full outer join known_addresses
        on
            stitched.connection_id = known_addresses.connection_id
            and stitched.identity_id = known_addresses.customer_key

)

select * from final
-- depends_on: {{ source('analysis', 'restitched') }}
-- depends_on: {{ ref('stg_shopify__customers') }} {{ ref('stg_woocommerce__customers') }}
