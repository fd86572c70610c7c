with

source as (

    select * from {{ source('campaign_plan', 'events') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        event_id,
        event_kind,
        event_name,
        valid_from as valid_from_date,
        valid_to as valid_to_date,
        _load_id as load_id
    from source

)

select * from renamed
