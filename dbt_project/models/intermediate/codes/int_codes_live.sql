-- One row per campaign, code and owner: the days on which it could be used until the run's day,
-- and when the owner's first piece went live. A piece nobody could see counts as live on its
-- planned day (`is_first_live_assumed`); who owes pieces and has none live has a first day after
-- the run's.
with

spans as (

    select
        codes.campaign_id,
        codes.code_key,
        codes.creator_id,
        min(codes.connection_id) as connection_id,
        min(codes.code) as code,
        min(codes.valid_from_date) as first_date,
        least(
            max(coalesce(codes.valid_to_date, cast(facts.last_day as date))),
            max(cast(facts.last_day as date))
        ) as last_date
    from {{ ref('int_codes_owned') }} as codes
    cross join {{ ref('int_measure_run_facts') }} as facts
    group by codes.campaign_id, codes.code_key, codes.creator_id

),

pieces as (

    select
        campaign_id,
        creator_id,
        published_date as live_date,
        false as is_assumed
    from {{ ref('int_posts_matched') }}

    union all

    select
        deliverables.campaign_id,
        deliverables.creator_id,
        coalesce(deliverables.live_date, {{ days_after('facts.last_day', 1) }}) as live_date,
        deliverables.is_unverifiable as is_assumed
    from {{ ref('int_deliverables_matched') }} as deliverables
    cross join {{ ref('int_measure_run_facts') }} as facts
    where deliverables.post_id is null

),

firsts as (

    select
        campaign_id,
        creator_id,
        min(live_date) as first_live_date,
        min(case when not is_assumed then live_date end) as first_seen_date
    from pieces
    group by campaign_id, creator_id

),

final as (

    select
        spans.connection_id,
        spans.campaign_id,
        spans.code_key,
        spans.code,
        spans.creator_id,
        spans.first_date,
        spans.last_date,
        firsts.first_live_date,
        firsts.first_seen_date is null or firsts.first_live_date < firsts.first_seen_date
            as is_first_live_assumed
    from spans
    left join firsts
        on
            spans.campaign_id = firsts.campaign_id
            and spans.creator_id = firsts.creator_id
    where spans.first_date <= spans.last_date

)

select * from final
