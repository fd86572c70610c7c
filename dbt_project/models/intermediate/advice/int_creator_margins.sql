-- One row per campaign and creator with credited units: what the goods of their kept orders cost,
-- by their part of each order. Returned goods cost what they cost: nobody says whether they are
-- sold again.
with

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

credited_orders as (

    select distinct
        campaign_id,
        connection_id,
        order_id
    from credited

),

-- Most orders are nobody's: their lines are never costed.
ordered as (

    select
        costed.campaign_id,
        costed.connection_id,
        costed.order_id,
        sum(costed.sold_count) as sold_count,
        sum(case when costed.unit_cost_amount is not null then costed.sold_count else 0 end)
            as costed_unit_count,
        sum(costed.sold_count * costed.unit_cost_amount) as unit_cost_amount
    from {{ ref('int_order_lines_costed') }} as costed
    inner join credited_orders
        on
            costed.campaign_id = credited_orders.campaign_id
            and costed.connection_id = credited_orders.connection_id
            and costed.order_id = credited_orders.order_id
    group by costed.campaign_id, costed.connection_id, costed.order_id

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
