-- Units of the kept orders of a campaign's time (sold less returned), and the part of them that its
-- creators are credited with under the campaign's own model and rule version.
with

ordered as (

    select
        campaign_id,
        connection_id,
        order_id,
        min(order_date) as order_date,
        sum(sold_count - returned_count) as unit_count,
        sum(sold_count) as sold_count,
        sum(case when unit_cost_amount is not null then sold_count else 0 end)
            as costed_unit_count,
        sum(sold_count * unit_cost_amount) as unit_cost_amount,
        sum(case when unit_cost_amount is not null then net_revenue_amount else 0 end)
            as costed_net_revenue_amount
    from {{ ref('int_order_lines_costed') }}
    group by campaign_id, connection_id, order_id

),

credited as (

    select
        campaign_id,
        connection_id,
        order_id,
        sum(credit_share * conversion_count) as credit_share
    from {{ ref('int_default_credits') }}
    where order_class = 'kept'
    group by campaign_id, connection_id, order_id

),

final as (

    select
        ordered.campaign_id,
        ordered.connection_id,
        ordered.order_id,
        ordered.order_date,
        ordered.unit_count,
        ordered.sold_count,
        ordered.costed_unit_count,
        {{ amount('ordered.unit_cost_amount') }} as unit_cost_amount,
        {{ amount('ordered.costed_net_revenue_amount') }} as costed_net_revenue_amount,
        {{ share_count('coalesce(credited.credit_share, 0)') }} as credit_share
    from ordered
    left join credited
        on
            ordered.campaign_id = credited.campaign_id
            and ordered.connection_id = credited.connection_id
            and ordered.order_id = credited.order_id

)

select * from final
