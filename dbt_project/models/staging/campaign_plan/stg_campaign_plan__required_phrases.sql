with

source as (

    select * from {{ source('campaign_plan', 'plan_versions') }}

),

campaigns as (

    select * from {{ source('campaign_plan', 'campaigns') }}

),

renamed as (

    select distinct
        campaigns.connection_id,
        campaigns.campaign_id,
        phrase.value as required_phrase,
        {{ letters_key('phrase.value') }} as phrase_key
    from campaigns
    inner join source
        on
            campaigns.connection_id = source.connection_id
            and campaigns.campaign_id = source.campaign_id
            and campaigns.plan_version = source.plan_version
    cross join
        lateral jsonb_array_elements_text(source.document -> 'campaign' -> 'required_phrases')
            as phrase (value)

)

select * from renamed
