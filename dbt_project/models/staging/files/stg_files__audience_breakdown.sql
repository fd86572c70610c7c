with

source as (

    select * from {{ source('files', 'audience_breakdown') }}

),

renamed as (

    select
        connection_id,
        lower(platform) as platform,
        {{ handle_key('creator_handle') }} as creator_handle_key,
        as_of_date,
        lower(dimension) as dimension,
        segment,
        share_rate,
        follower_count,
        file_name,
        line_number,
        _load_id as load_id
    from source

)

select * from renamed
