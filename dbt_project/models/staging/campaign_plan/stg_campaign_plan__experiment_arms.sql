with

source as (

    select * from {{ source('campaign_plan', 'experiment_arms') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        experiment_id,
        experiment_kind,
        arm_id,
        arm_role,
        share,
        regions,
        creator_ids,
        valid_from as valid_from_date,
        valid_to as valid_to_date,
        _load_id as load_id
    from source

)

select * from renamed
