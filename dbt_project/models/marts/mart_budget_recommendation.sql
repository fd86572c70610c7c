-- What the weekly review says: a line per creator, one on a new creator, one on money promised to
-- nobody. What one line gets another gives, so both amounts add up to the same per campaign.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

reviewed as (

    select reviewed.*
    from {{ source('analysis', 'budget_recommendations') }} as reviewed
    inner join campaigns
        on
            reviewed.campaign_id = campaigns.campaign_id
            and reviewed.attribution_model = campaigns.default_attribution_model
            and reviewed.rule_version = campaigns.default_rule_version

),

costs as (

    select
        spent.campaign_id,
        spent.creator_id,
        sum(spent.cost_amount) as delivered_cost_amount
    from {{ ref('fct_creator_cost') }} as spent
    cross join facts
    where spent.cost_basis = 'delivered' and spent.cost_date <= facts.last_day
    group by spent.campaign_id, spent.creator_id

),

-- Every creator has a line, whether the review knew them or not.
lines as (

    select
        creators.campaign_id,
        'creator' as line_type,
        creators.creator_id as line_id,
        creators.creator_id,
        creators.creator_name,
        coalesce(costs.delivered_cost_amount, 0) as delivered_cost_amount
    from {{ ref('dim_creator') }} as creators
    left join costs
        on
            creators.campaign_id = costs.campaign_id
            and creators.creator_id = costs.creator_id

    union all

    select
        campaign_id,
        line_type,
        line_type as line_id,
        cast(null as text) as creator_id,
        cast(null as text) as creator_name,
        cast(null as numeric) as delivered_cost_amount
    from reviewed
    where line_type <> 'creator'

),

final as (

    select
        lines.campaign_id,
        lines.line_type,
        lines.line_id,
        lines.creator_id,
        lines.creator_name,
        campaigns.default_attribution_model as attribution_model,
        campaigns.default_rule_version as rule_version,
        campaigns.currency_code,
        reviewed.campaign_day,
        reviewed.phase,
        coalesce(reviewed.recommended_action, 'keep') as recommended_action,
        coalesce(reviewed.action_reason, 'no change: not reviewed yet') as action_reason,
        coalesce(reviewed.piece_count, 0) as piece_count,
        {{ amount('coalesce(reviewed.from_amount, 0)') }} as from_amount,
        {{ amount('coalesce(reviewed.to_amount, 0)') }} as to_amount,
        {{ amount('coalesce(reviewed.to_amount - reviewed.from_amount, 0)') }} as moved_amount,
        {{ amount('reviewed.expected_gain_low') }} as expected_gain_low,
        {{ amount('reviewed.expected_gain_amount') }} as expected_gain_amount,
        {{ amount('reviewed.expected_gain_high') }} as expected_gain_high,
        {{ share_count('reviewed.p_best') }} as p_best,
        {{ share_count('reviewed.p_top_3') }} as p_top_3,
        {{ share_count('reviewed.p_above_target') }} as p_above_target,
        {{ share_count('reviewed.p_above_goal') }} as p_above_goal,
        {{ share_count('reviewed.goal_order_count') }} as goal_order_count,
        {{ share_count('reviewed.evidence_gate') }} as evidence_gate,
        reviewed.phase <> 'watch' and reviewed.p_best >= reviewed.evidence_gate
            as is_gate_passed,
        {{ share_count('reviewed.target_return') }} as target_return,
        {{ share_count('reviewed.next_piece_return_low') }} as next_piece_return_low,
        {{ share_count('reviewed.estimated_next_piece_return') }}
            as estimated_next_piece_return,
        {{ share_count('reviewed.next_piece_return_high') }} as next_piece_return_high,
        {{ amount('reviewed.quoted_price_amount') }} as quoted_price_amount,
        reviewed.price_unavailable_reason,
        {{ amount('reviewed.break_even_fee_low') }} as break_even_fee_low,
        {{ amount('reviewed.break_even_fee_amount') }} as break_even_fee_amount,
        {{ amount('reviewed.break_even_fee_high') }} as break_even_fee_high,
        {{ share_count('reviewed.orders_per_piece_low') }} as orders_per_piece_low,
        {{ share_count('reviewed.estimated_orders_per_piece') }} as estimated_orders_per_piece,
        {{ share_count('reviewed.orders_per_piece_high') }} as orders_per_piece_high,
        {{ share_count('coalesce(reviewed.credited_order_count, 0)') }} as credited_order_count,
        coalesce(reviewed.post_count, 0) as post_count,
        {{ share_count('coalesce(reviewed.matured_post_count, 0)') }} as matured_post_count,
        {{ ratio('reviewed.matured_post_count', 'reviewed.post_count') }} as maturity_rate,
        {{ share_count('reviewed.margin_rate') }} as margin_rate,
        {{ share_count('reviewed.cost_coverage_rate') }} as cost_coverage_rate,
        {{ amount('lines.delivered_cost_amount') }} as delivered_cost_amount,
        {{ share_count('reviewed.exploration_rate') }} as exploration_rate,
        reviewed.solve_id,
        facts.sources_present,
        facts.as_of_date
    from lines
    inner join campaigns on lines.campaign_id = campaigns.campaign_id
    cross join facts
    left join reviewed
        on
            lines.campaign_id = reviewed.campaign_id
            and lines.line_type = reviewed.line_type
            and (lines.line_type <> 'creator' or lines.creator_id = reviewed.creator_id)

)

select * from final
