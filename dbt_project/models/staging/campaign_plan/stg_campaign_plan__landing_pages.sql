with

source as (

    select * from {{ source('campaign_plan', 'landing_pages') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        creator_id,
        {{ url_path('path') }} as landing_path,
        valid_from as valid_from_date,
        valid_to as valid_to_date,
        _load_id as load_id
    from source

)

select * from renamed
