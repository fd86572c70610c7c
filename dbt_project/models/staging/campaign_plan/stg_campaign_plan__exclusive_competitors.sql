with

source as (

    select * from {{ source('campaign_plan', 'exclusivities') }}

),

renamed as (

    select distinct
        source.connection_id,
        source.campaign_id,
        source.creator_id,
        {{ letters_key('competitor.value') }} as competitor_key,
        competitor.value as competitor_brand,
        source.valid_from as valid_from_date,
        source.valid_to as valid_to_date
    from source
    cross join lateral jsonb_array_elements_text(source.competitor_brands) as competitor (value)

)

select * from renamed
