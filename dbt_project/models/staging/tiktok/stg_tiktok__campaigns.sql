with

source as (

    select * from {{ source('tiktok', 'campaigns') }}

),

renamed as (

    select
        connection_id,
        {{ business_date('window_start', reporting_timezone()) }} as snapshot_date,
        window_start,
        captured_at,
        campaign_id as tiktok_campaign_id,
        campaign_name,
        campaign_type,
        brand_name,
        anchor_id,
        country_codes,
        handle_names,
        video_ids,
        create_time as created_at,
        update_time as updated_at,
        _load_id as load_id
    from source

)

select * from renamed
