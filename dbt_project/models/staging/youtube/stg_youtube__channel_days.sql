{{ config(enabled='youtube' in var('social_platforms')) }}

with

source as (

    select * from {{ source('youtube', 'channel_days') }}

),

definitions as (

    select * from {{ ref('stg_youtube__view_definitions') }}

),

renamed as (

    select
        connection_id,
        channel_id,
        day as metric_date,
        views as views_count,
        engaged_views as engaged_views_count,
        estimated_minutes_watched * 60 as watch_seconds,
        average_view_duration as average_view_seconds,
        average_view_percentage as average_view_pct,
        likes as likes_count,
        comments as comments_count,
        shares as shares_count,
        subscribers_gained as subscribers_gained_count,
        subscribers_lost as subscribers_lost_count,
        refused_metrics,
        _load_id as load_id
    from source

),

final as (

    select
        renamed.*,
        definitions.metric_definition_version
    from renamed
    inner join definitions
        on
            renamed.metric_date >= definitions.valid_from
            and renamed.metric_date < definitions.valid_before

)

select * from final
