with

source as (

    select * from {{ source('campaign_plan', 'plan_versions') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        plan_version,
        document,
        _load_id as load_id
    from source

)

select * from renamed
