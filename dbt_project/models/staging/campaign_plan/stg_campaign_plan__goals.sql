with

source as (

    select * from {{ source('campaign_plan', 'goals') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        goal_id,
        metric,
        unit,
        scope,
        target_value,
        baseline_date,
        _load_id as load_id
    from source

)

select * from renamed
