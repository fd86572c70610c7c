-- One row per two identities of a shop that are one person, and what says so: the shop merged them
-- (`shop_merge`), they share an e-mail address (`same_email`), or a customer gave the address in
-- the survey about their order (`answered_email`). An address that more customers share than
-- `identities_per_email` says nothing; one that only one customer has links nobody to anybody.
with

orders as (

    select * from {{ ref('int_orders_identified') }}

),

merged as (

    select
        connection_id,
        {{ customer_key('customer_id', 'connection_id') }} as identity_id,
        {{ customer_key('kept_customer_id', 'connection_id') }} as other_identity_id,
        merged_at as linked_at
    from {{ ref('stg_shopify__merged_customers') }}

),

addresses as (

    select
        connection_id,
        {{ customer_key('customer_id', 'connection_id') }} as customer_key,
        {{ email_key('email_hash', 'connection_id') }} as email_key,
        'same_email' as stitching_rule,
        created_at as linked_at
    from {{ ref('stg_shopify__customers') }}
    where email_hash is not null

    union all

    select
        connection_id,
        {{ customer_key('customer_id', 'connection_id') }} as customer_key,
        {{ email_key('customer_email_hash', 'connection_id') }} as email_key,
        'same_email' as stitching_rule,
        created_at as linked_at
    from {{ ref('stg_woocommerce__customers') }}
    where customer_email_hash is not null

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

final as (

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

)

select * from final
