with

source as (

    select * from {{ source('campaign_plan', 'campaigns') }}

),

main_shops as (

    select
        source.connection_id,
        source.campaign_id,
        source.shop_connection_id,
        true as is_main_shop,
        source.start_date,
        source.end_date,
        source.reporting_timezone,
        source.currency_code,
        source.lookback_days,
        source._load_id as load_id
    from source

),

further_shops as (

    select
        source.connection_id,
        source.campaign_id,
        further_shop.shop_connection_id,
        false as is_main_shop,
        source.start_date,
        source.end_date,
        source.reporting_timezone,
        source.currency_code,
        source.lookback_days,
        source._load_id as load_id
    from source
    cross join lateral jsonb_array_elements_text(
        case
            when jsonb_typeof(source.further_shop_connection_ids) = 'array'
                then source.further_shop_connection_ids
            else cast('[]' as jsonb)
        end
    ) as further_shop (shop_connection_id)

),

final as (

    select * from main_shops

    union all

    select * from further_shops

)

select * from final
