with

source as (

    select * from {{ source('campaign_plan', 'candidates') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        platform,
        {{ handle_key('handle') }} as handle_key,
        niche,
        region,
        quoted_price_amount,
        quoted_piece_count,
        currency_code,
        candidate_status,
        contacted_date,
        creator_id,
        evaluator,
        evaluated_date,
        followers_count,
        sampled_post_count,
        sampled_engagement_count,
        niche_post_count,
        collaboration_count,
        collaboration_note,
        audience_overlap_rate,
        note,
        followers_low,
        followers_high,
        er_by_followers_low,
        niche_posts_low,
        collaborations_low,
        overlap_high,
        _load_id as load_id
    from source

)

select * from renamed
