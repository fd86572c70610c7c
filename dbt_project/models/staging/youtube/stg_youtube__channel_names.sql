-- One row per connection and channel: under which name the plan knows it. A channel that was asked
-- by a handle has that one; else the plan may hold its id; else it is known by its own handle.
{{ config(enabled='youtube' in var('social_platforms')) }}

with

channels as (

    select * from {{ ref('stg_youtube__channels') }}
    where channel_id is not null

),

planned as (

    select distinct handle_key
    from {{ ref('stg_campaign_plan__creator_accounts') }}
    where platform = 'youtube'

),

named as (

    select
        channels.connection_id,
        channels.channel_id,
        channels.window_start,
        channels.requested_as,
        coalesce(
            planned.handle_key,
            case
                when channels.requested_as <> channels.channel_id
                    then {{ handle_key('channels.requested_as') }}
                else {{ handle_key('channels.custom_url') }}
            end
        ) as handle_key,
        case when planned.handle_key is null then 1 else 0 end as unplanned_rank,
        max(case when channels.is_own_channel then 1 else 0 end) over (
            partition by channels.connection_id, channels.channel_id
        ) = 1 as is_own_channel
    from channels
    left join planned
        on {{ handle_key('channels.requested_as') }} = planned.handle_key

),

ranked as (

    select
        named.*,
        row_number() over (
            partition by named.connection_id, named.channel_id
            order by named.unplanned_rank asc, named.window_start desc, named.requested_as asc
        ) as place
    from named

),

final as (

    select
        connection_id,
        channel_id,
        handle_key,
        is_own_channel
    from ranked
    where place = 1

)

select * from final
