-- What a public view was on which days (Pacific). Shorts changed on 2025-03-31 (plays and replays,
-- no least time), all formats on 2026-08-24 (counted when playback starts).
{{ config(enabled='youtube' in var('social_platforms')) }}

with

changes as (

    select
        cast('2005-04-23' as date) as valid_from,
        'youtube_views_2005' as metric_definition_version

    union all

    select
        cast('2025-03-31' as date) as valid_from,
        'youtube_views_2025' as metric_definition_version

    union all

    select
        cast('2026-08-24' as date) as valid_from,
        'youtube_views_2026' as metric_definition_version

),

final as (

    select
        valid_from,
        lead(valid_from, 1, cast('9999-12-31' as date)) over (order by valid_from) as valid_before,
        metric_definition_version
    from changes

)

select * from final
