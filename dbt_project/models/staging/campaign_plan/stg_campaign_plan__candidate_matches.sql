with

source as (

    select * from {{ source('campaign_plan', 'candidates') }}

),

renamed as (

    select
        source.connection_id,
        source.campaign_id,
        source.platform,
        {{ handle_key('source.handle') }} as handle_key,
        max(wanted.niches) as niches_wanted,
        max(wanted.regions) as regions_wanted,
        bool_or(wanted.is_niche) as is_niche_wanted,
        bool_or(wanted.is_region) as is_region_wanted
    from source
    left join lateral (
        select
            string_agg(asked.value, ', ' order by asked.value) as niches,
            cast(null as text) as regions,
            bool_or(source.niche = asked.value) as is_niche,
            cast(null as boolean) as is_region
        from jsonb_array_elements_text(source.niches) as asked (value)
        union all
        select
            cast(null as text) as niches,
            string_agg(asked.value, ', ' order by asked.value) as regions,
            cast(null as boolean) as is_niche,
            bool_or(
                source.region = asked.value or source.region like asked.value || '-%'
            ) as is_region
        from jsonb_array_elements_text(source.regions) as asked (value)
    ) as wanted on true
    group by
        source.connection_id, source.campaign_id, source.platform, {{ handle_key('source.handle') }}

)

select * from renamed
