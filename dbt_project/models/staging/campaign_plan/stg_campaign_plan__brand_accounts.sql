with

source as (

    select * from {{ source('campaign_plan', 'campaigns') }}

),

renamed as (

    select
        source.connection_id,
        source.campaign_id,
        lower(account.key) as platform,
        {{ handle_key('account.value') }} as handle_key,
        source._load_id as load_id
    from source
    cross join lateral jsonb_each_text(source.brand_handles) as account

)

select * from renamed
