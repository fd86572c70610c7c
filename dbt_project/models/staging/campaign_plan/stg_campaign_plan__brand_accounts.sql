with

source as (

    select * from {{ source('campaign_plan', 'campaigns') }}

),

renamed as (

    select
        source.connection_id,
        source.campaign_id,
        lower(brand_account.key) as platform,
        {{ handle_key('brand_account.value') }} as handle_key,
        source._load_id as load_id
    from source
    cross join lateral jsonb_each_text(source.brand_handles) as brand_account

)

select * from renamed
