-- What is left of a campaign's net revenue from creators before commission: less what the sold
-- goods cost and less payment and fulfilment. Returned goods cost what they cost: nobody says
-- whether they are sold again. Beside it how long a piece takes from an agreement until it is live.
with

credited as (

    select
        campaign_id,
        sum(sold_unit_count) as sold_unit_count,
        sum(costed_unit_count) as costed_unit_count,
        sum(cost_amount) as unit_cost_amount,
        sum(costed_net_revenue_amount) as costed_net_revenue_amount
    from {{ ref('int_products_credited') }}
    where channel_type = 'creator'
    group by campaign_id

),

final as (

    select
        campaigns.campaign_id,
        {{ share_count('coalesce(campaigns.fulfilment_cost_rate, 0)') }} as fulfilment_cost_rate,
        {{ ratio('credited.unit_cost_amount', 'credited.costed_net_revenue_amount') }}
            as unit_cost_rate,
        {{ ratio('credited.costed_unit_count', 'credited.sold_unit_count') }}
            as cost_coverage_rate,
        cast(
            1 - coalesce(campaigns.fulfilment_cost_rate, 0)
            - coalesce(
                {{ ratio('credited.unit_cost_amount', 'credited.costed_net_revenue_amount') }}, 0
            ) as numeric(18, 6)
        ) as margin_rate,
        {{ var('piece_lead_days') }} as piece_lead_days,
        {{ var('new_creator_lead_days') }} as new_creator_lead_days
    from {{ ref('dim_campaign') }} as campaigns
    left join credited on campaigns.campaign_id = credited.campaign_id

)

select * from final
