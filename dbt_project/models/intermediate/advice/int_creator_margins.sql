-- One row per campaign and creator with credited units: what the goods of their kept orders cost,
-- by their part of each order. Returned goods cost what they cost: nobody says whether they are
-- sold again.
with

ordered as (

    select
        campaign_id,
        connection_id,
        order_id,
        sum(sold_count) as sold_count,
        sum(case when unit_cost_amount is not null then sold_count else 0 end)
            as costed_unit_count,
        sum(sold_count * unit_cost_amount) as unit_cost_amount
    from {{ ref('int_order_lines_costed') }}
    group by campaign_id, connection_id, order_id

),

credited as (

    select
        campaign_id,
        creator_id,
        connection_id,
        order_id,
        sum(credit_share * conversion_count) as credit_share
    from {{ ref('int_default_credits') }}
    where order_class = 'kept'
    group by campaign_id, creator_id, connection_id, order_id

),

final as (

    select
        credited.campaign_id,
        credited.creator_id,
        {{ share_count('sum(ordered.sold_count * credited.credit_share)') }}
            as credited_unit_count,
        {{ share_count('sum(ordered.costed_unit_count * credited.credit_share)') }}
            as costed_unit_count,
        {{ amount('sum(ordered.unit_cost_amount * credited.credit_share)') }} as unit_cost_amount
    from credited
    inner join ordered
        on
            credited.campaign_id = ordered.campaign_id
            and credited.connection_id = ordered.connection_id
            and credited.order_id = ordered.order_id
    group by credited.campaign_id, credited.creator_id

)

select * from final
