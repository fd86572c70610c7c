with

source as (

    select * from {{ source('campaign_plan', 'deliverables') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        creator_id,
        deliverable_id,
        lower(platform) as platform,
        lower(content_format) as content_format,
        planned_date,
        due_date,
        content_mechanic,
        call_to_action,
        promised_length_seconds,
        promised_views_count,
        draft_due_date,
        draft_submitted_date,
        approved_date,
        revision_count,
        reshared_date,
        _load_id as load_id
    from source

)

select * from renamed
