-- What one piece of a candidate costs who can still be asked and meets every criterion of the
-- campaign. A price without its number of pieces is that of a whole contract, 0 is product alone.
with

met as (

    select
        campaign_id,
        platform,
        handle
    from {{ ref('fct_candidate_evaluation') }}
    group by campaign_id, platform, handle
    having bool_and(criterion_result in ('met', 'not asked'))

),

final as (

    select
        candidates.campaign_id,
        candidates.platform,
        candidates.handle_key as handle,
        {{ ratio('candidates.quoted_price_amount', 'candidates.quoted_piece_count') }}
            as price_per_piece
    from {{ ref('stg_campaign_plan__candidates') }} as candidates
    inner join met
        on
            candidates.campaign_id = met.campaign_id
            and candidates.platform = met.platform
            and candidates.handle_key = met.handle
    where
        candidates.candidate_status in ('listed', 'contacted')
        and candidates.quoted_price_amount > 0
        and candidates.quoted_piece_count > 0

)

select * from final
