with

source as (

    select * from {{ source('campaign_plan', 'creators') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        creator_id,
        creator_name,
        tier,
        country_code,
        coalesce(creator_kind, 'person') as creator_kind,
        _load_id as load_id
    from source

)

select * from renamed
