with

source as (

    select * from {{ source('instagram', 'discovered_accounts') }}

),

renamed as (

    select
        connection_id,
        {{ business_date('window_start', reporting_timezone()) }} as snapshot_date,
        window_start,
        captured_at,
        account_id,
        username,
        {{ handle_key('username') }} as handle_key,
        followers_count,
        follows_count,
        media_count,
        unavailable_reason,
        _load_id as load_id
    from source

)

select * from renamed
