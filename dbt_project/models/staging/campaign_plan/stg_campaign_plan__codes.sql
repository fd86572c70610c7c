with

source as (

    select * from {{ source('campaign_plan', 'codes') }}

),

renamed as (

    select
        source.connection_id,
        source.campaign_id,
        source.creator_id,
        source.code,
        {{ code_key('source.code') }} as code_key,
        source.discount_rate,
        source.compromised_from as compromised_from_date,
        campaigns.shop_connection_id as scope_key,
        source.valid_from as valid_from_date,
        source.valid_to as valid_to_date,
        source._load_id as load_id
    from source
    inner join {{ source('campaign_plan', 'campaigns') }} as campaigns
        on
            source.connection_id = campaigns.connection_id
            and source.campaign_id = campaigns.campaign_id

),

planned as (

    {{ planned_spans('renamed', ['code_key']) | indent(4) }}

),

final as (

    select
        connection_id,
        campaign_id,
        creator_id,
        code,
        code_key,
        discount_rate,
        compromised_from_date,
        valid_from_date,
        planned_to_date as valid_to_date,
        load_id
    from planned

)

select * from final
