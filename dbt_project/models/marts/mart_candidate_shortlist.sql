{%- set criteria = [
    'followers', 'er_by_followers', 'niche', 'region', 'niche_posts', 'collaborations',
    'audience_overlap',
] -%}
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

candidates as (

    select * from {{ ref('stg_campaign_plan__candidates') }}

),

judged as (

    select
        campaign_id,
        platform,
        handle,
        {% for criterion in criteria -%}
        max(case when criterion = '{{ criterion }}' then criterion_result end)
            as {{ criterion }}_result,
        {% endfor -%}
        max(case when criterion = 'followers' then measured_value end) as followers_count,
        max(case when criterion = 'followers' then value_source end) as followers_source,
        max(case when criterion = 'followers' then value_date end) as followers_date,
        max(case when criterion = 'er_by_followers' then measured_value end) as er_by_followers,
        max(case when criterion = 'er_by_followers' then numerator_count end) as engagement_count,
        max(case when criterion = 'er_by_followers' then denominator_count end)
            as followers_seen_count,
        max(case when criterion = 'er_by_followers' then value_source end) as er_source,
        max(case when criterion = 'audience_overlap' then measured_value end)
            as audience_overlap_rate,
        {{ count_where("criterion_result = 'met'") }} as met_count,
        {{ count_where("criterion_result = 'not met'") }} as not_met_count,
        {{ count_where("criterion_result = 'unknown'") }} as unknown_count,
        string_agg(
            case
                when criterion_result in ('not met', 'unknown') then criterion || ': ' || reason
            end, '; ' order by criterion
        ) as reasons
    from {{ ref('fct_candidate_evaluation') }}
    group by campaign_id, platform, handle

),

final as (

    select
        candidates.campaign_id,
        candidates.platform,
        candidates.handle_key as handle,
        candidates.candidate_status,
        candidates.creator_id,
        candidates.contacted_date,
        candidates.evaluator,
        candidates.evaluated_date,
        candidates.niche,
        candidates.region,
        {{ amount('candidates.quoted_price_amount') }} as quoted_price_amount,
        cast(candidates.quoted_piece_count as bigint) as quoted_piece_count,
        {{ ratio('candidates.quoted_price_amount', 'candidates.quoted_piece_count') }}
            as price_per_piece,
        candidates.currency_code,
        cast(judged.followers_count as bigint) as followers_count,
        judged.followers_source,
        judged.followers_date,
        boundaries.tier,
        {{ ratio('candidates.quoted_price_amount * 1000', 'judged.followers_count') }}
            as price_per_1000_followers,
        judged.engagement_count,
        judged.followers_seen_count,
        cast(judged.er_by_followers as numeric(18, 6)) as er_by_followers,
        judged.er_source,
        candidates.niche_post_count,
        candidates.collaboration_count,
        candidates.collaboration_note,
        cast(judged.audience_overlap_rate as numeric(18, 6)) as audience_overlap_rate,
        {% for criterion in criteria -%}
        judged.{{ criterion }}_result,
        {% endfor -%}
        judged.met_count,
        judged.not_met_count,
        judged.unknown_count,
        judged.not_met_count = 0 and judged.unknown_count = 0 as meets_all,
        judged.reasons,
        candidates.note,
        count(*) over (partition by candidates.campaign_id) as candidate_count,
        {{ count_where("candidates.candidate_status = 'picked'") }}
            over (partition by candidates.campaign_id) as picked_count,
        facts.sources_present,
        facts.as_of_date
    from candidates
    inner join judged
        on
            candidates.campaign_id = judged.campaign_id
            and candidates.platform = judged.platform
            and candidates.handle_key = judged.handle
    cross join facts
    left join {{ ref('ref_tier_boundary') }} as boundaries
        on
            boundaries.is_default
            and judged.followers_count >= boundaries.followers_from
            and (
                boundaries.followers_below is null
                or judged.followers_count < boundaries.followers_below
            )

)

select * from final
