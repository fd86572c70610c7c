with

snapshots as (

    select
        connection_id,
        snapshot_date,
        captured_at,
        account_id,
        handle_key,
        followers_count,
        follows_count,
        media_count,
        'own_account' as access_path,
        cast(null as text) as unavailable_reason,
        load_id
    from {{ ref('stg_instagram__accounts') }}

    union all

    select
        connection_id,
        snapshot_date,
        captured_at,
        account_id,
        handle_key,
        followers_count,
        follows_count,
        media_count,
        'business_discovery' as access_path,
        unavailable_reason,
        load_id
    from {{ ref('stg_instagram__discovered_accounts') }}

),

final as (

    select
        'instagram' as platform,
        snapshots.*
    from snapshots

)

select * from final
