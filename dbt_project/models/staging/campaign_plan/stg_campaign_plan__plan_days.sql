with

source as (

    select * from {{ source('campaign_plan', 'plan_days') }}

),

renamed as (

    select
        source.connection_id,
        source.read_date,
        campaign.key as campaign_id,
        campaign.value ->> 'plan_version' as plan_version,
        campaign.value -> 'creators' as creator_ids,
        max(source.read_date) over (partition by source.connection_id) as newest_read_date,
        source._load_id as load_id
    from source
    cross join lateral jsonb_each(source.campaigns) as campaign

)

select * from renamed
