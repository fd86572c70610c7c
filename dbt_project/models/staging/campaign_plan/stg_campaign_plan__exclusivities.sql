with

source as (

    select * from {{ source('campaign_plan', 'exclusivities') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        creator_id,
        exclusivity_number,
        category,
        competitor_brands,
        valid_from as valid_from_date,
        valid_to as valid_to_date,
        _load_id as load_id
    from source

)

select * from renamed
