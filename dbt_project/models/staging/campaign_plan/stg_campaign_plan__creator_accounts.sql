with

source as (

    select * from {{ source('campaign_plan', 'creator_accounts') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        creator_id,
        lower(platform) as platform,
        handle,
        {{ handle_key('handle') }} as handle_key,
        access_path,
        _load_id as load_id
    from source

)

select * from renamed
