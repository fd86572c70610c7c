-- One row per identity of a shop that ordered or was linked: the customer it is part of today, by
-- which rule, how sure that is and since when. Of identities that belong together the customer is
-- the one a shop kept, before guests, before the younger, so that the answer needs no memory: the
-- same raw rows give the same customers.
{{ config(
    materialized='table',
    indexes=[{'columns': ['connection_id', 'identity_id'], 'unique': true}],
    post_hook='analyze {{ this }}',
) }}

with recursive

links as (

    select * from {{ ref('int_identities_linked') }}

),

orders as (

    select * from {{ ref('int_orders_identified') }}

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

final as (

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

)

select * from final
