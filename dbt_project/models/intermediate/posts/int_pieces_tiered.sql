-- One row per campaign and live piece with its tier at publish and what it cost, and one row
-- without a piece per creator who cost something and has none live. The fee's part is the
-- piece's own; gift (product, shipping, the marketplace's fee) and all else are cut to the cent
-- over the creator's live pieces, so delivered_cost_amount adds up to the delivered cost of the
-- campaign.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

costs as (

    select
        spent.campaign_id,
        spent.creator_id,
        spent.cost_type,
        spent.reference_id,
        spent.cost_amount,
        deliverables.deliverable_id
    from {{ ref('fct_creator_cost') }} as spent
    inner join facts on spent.cost_date <= facts.last_day
    left join {{ ref('int_deliverables_matched') }} as deliverables
        on
            spent.campaign_id = deliverables.campaign_id
            and spent.creator_id = deliverables.creator_id
            and spent.reference_id = deliverables.deliverable_id
            and spent.cost_type = 'fee'
            and deliverables.live_date is not null
    where spent.cost_basis = 'delivered'

),

piece_fees as (

    select
        campaign_id,
        creator_id,
        deliverable_id,
        sum(cost_amount) as fee_amount
    from costs
    where deliverable_id is not null
    group by campaign_id, creator_id, deliverable_id

),

other_costs as (

    select
        campaign_id,
        creator_id,
        sum(
            case
                when cost_type in ('product', 'shipping', 'platform_fee') then cost_amount
                else 0
            end
        ) as gift_amount,
        sum(cost_amount) as other_amount
    from costs
    where deliverable_id is null
    group by campaign_id, creator_id

),

live_pieces as (

    select
        deliverables.*,
        row_number() over creator_pieces as piece_number,
        count(*) over (
            partition by deliverables.campaign_id, deliverables.creator_id
        ) as piece_count,
        lead(deliverables.live_date) over creator_pieces as next_live_date
    from {{ ref('int_deliverables_matched') }} as deliverables
    inner join facts on deliverables.live_date <= facts.last_day
    window creator_pieces as (
        partition by deliverables.campaign_id, deliverables.creator_id
        order by deliverables.live_date, deliverables.deliverable_id
    )

),

final as (

    select
        creators.campaign_id,
        creators.creator_id,
        live_pieces.deliverable_id,
        live_pieces.platform,
        live_pieces.content_format,
        live_pieces.post_id,
        live_pieces.live_date,
        live_pieces.next_live_date,
        posts.followers_at_publish_count,
        coalesce(boundaries.tier, case
            when posts.followers_at_publish_count is null then creators.tier
        end, 'untiered') as tier,
        posts.followers_at_publish_count is null as is_tier_planned,
        {{ amount('coalesce(piece_fees.fee_amount, 0)') }} as fee_amount,
        {{ nth_part(
            'other_costs.gift_amount',
            'coalesce(live_pieces.piece_number, 1)',
            'coalesce(live_pieces.piece_count, 1)'
        ) }} as gift_amount,
        {{ amount(
            'coalesce(piece_fees.fee_amount, 0) + '
            ~ nth_part(
                'other_costs.other_amount',
                'coalesce(live_pieces.piece_number, 1)',
                'coalesce(live_pieces.piece_count, 1)'
            )
        ) }} as delivered_cost_amount
    from {{ ref('dim_creator') }} as creators
    left join live_pieces
        on
            creators.campaign_id = live_pieces.campaign_id
            and creators.creator_id = live_pieces.creator_id
    left join piece_fees
        on
            live_pieces.campaign_id = piece_fees.campaign_id
            and live_pieces.creator_id = piece_fees.creator_id
            and live_pieces.deliverable_id = piece_fees.deliverable_id
    left join other_costs
        on
            creators.campaign_id = other_costs.campaign_id
            and creators.creator_id = other_costs.creator_id
    left join {{ ref('int_post_metrics_latest') }} as posts
        on
            live_pieces.campaign_id = posts.campaign_id
            and live_pieces.platform = posts.platform
            and live_pieces.post_id = posts.post_id
    left join {{ ref('ref_tier_boundary') }} as boundaries
        on
            boundaries.is_default
            and posts.followers_at_publish_count >= boundaries.followers_from
            and (
                boundaries.followers_below is null
                or posts.followers_at_publish_count < boundaries.followers_below
            )

)

select * from final
