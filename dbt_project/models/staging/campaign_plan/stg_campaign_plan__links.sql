with

source as (

    select * from {{ source('campaign_plan', 'links') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        creator_id,
        link_id,
        {{ utm_key('utm_source') }} as utm_source_key,
        {{ utm_key('utm_medium') }} as utm_medium_key,
        {{ utm_key('utm_campaign') }} as utm_campaign_key,
        {{ utm_key('utm_content') }} as utm_content_key,
        utm_campaign,
        utm_content,
        '' as scope_key,
        valid_from as valid_from_date,
        valid_to as valid_to_date,
        _load_id as load_id
    from source

),

planned as (

    {{ planned_spans('renamed', ['utm_campaign_key', 'utm_content_key']) | indent(4) }}

),

final as (

    select
        connection_id,
        campaign_id,
        creator_id,
        link_id,
        utm_source_key,
        utm_medium_key,
        utm_campaign_key,
        utm_content_key,
        utm_campaign,
        utm_content,
        valid_from_date,
        planned_to_date as valid_to_date,
        load_id
    from planned

)

select * from final
