with

snapshots as (

    select
        connection_id,
        snapshot_date,
        captured_at,
        business_id as account_id,
        handle_key,
        followers_count,
        follows_count,
        media_count,
        'own_account' as access_path,
        cast(null as text) as unavailable_reason,
        load_id
    from {{ ref('stg_tiktok__accounts') }}

    union all

    select
        connection_id,
        snapshot_date,
        captured_at,
        cast(null as text) as account_id,
        handle_key,
        followers_count,
        follows_count,
        media_count,
        'business_discovery' as access_path,
        unavailable_reason,
        load_id
    from {{ ref('stg_tiktok__creators') }}

),

final as (

    select
        'tiktok' as platform,
        snapshots.*
    from snapshots

)

select * from final
