{{ config(enabled='youtube' in var('social_platforms')) }}

with

channels as (

    select * from {{ ref('stg_youtube__channels') }}

),

names as (

    select * from {{ ref('stg_youtube__channel_names') }}

),

final as (

    select
        'youtube' as platform,
        channels.connection_id,
        channels.snapshot_date,
        channels.captured_at,
        channels.channel_id as account_id,
        coalesce(names.handle_key, {{ handle_key('channels.requested_as') }}) as handle_key,
        channels.followers_count,
        cast(null as bigint) as follows_count,
        channels.media_count,
        case when channels.is_own_channel then 'own_account' else 'public' end as access_path,
        channels.unavailable_reason,
        channels.load_id
    from channels
    left join names
        on
            channels.connection_id = names.connection_id
            and channels.channel_id = names.channel_id

)

select * from final
