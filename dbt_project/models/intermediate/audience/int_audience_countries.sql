-- One row per campaign, creator's account and country of its followers, as the newest file says it;
-- what the file sums up under another word than a country's code or name is `other`.
with

accounts as (

    select * from {{ ref('stg_campaign_plan__creator_accounts') }}

),

ranked as (

    select
        platform,
        creator_handle_key as handle,
        as_of_date,
        segment,
        share_rate,
        rank() over (
            partition by platform, creator_handle_key
            order by as_of_date desc
        ) as recency
    from {{ ref('stg_files__audience_breakdown') }}
    where dimension = 'country'

),

final as (

    select
        accounts.campaign_id,
        accounts.creator_id,
        ranked.platform,
        ranked.handle,
        coalesce(countries.country_code, 'other') as country_code,
        max(ranked.as_of_date) as audience_date,
        sum(ranked.share_rate) as audience_share_rate
    from ranked
    inner join accounts
        on
            ranked.platform = accounts.platform
            and ranked.handle = accounts.handle_key
    left join {{ ref('ref_country') }} as countries
        on
            upper(trim(ranked.segment)) = countries.country_code
            or lower(trim(ranked.segment)) = lower(countries.country_name)
    where ranked.recency = 1
    group by
        accounts.campaign_id,
        accounts.creator_id,
        ranked.platform,
        ranked.handle,
        coalesce(countries.country_code, 'other')

)

select * from final
