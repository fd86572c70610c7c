with

source as (

    select * from {{ source('campaign_plan', 'campaigns') }}

),

named as (

    select
        source.connection_id,
        source.campaign_id,
        entries.evidence_type,
        cast(entries.lookback_days as bigint) as lookback_days
    from source
    cross join lateral jsonb_each_text(
        coalesce(source.lookback_days_by_evidence, '{}')
    ) as entries (evidence_type, lookback_days)

)

select * from named
