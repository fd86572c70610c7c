-- One row per campaign, creator's account and day on which its followers were read, by the
-- richest access path, until the campaign's last day.
with

accounts as (

    select * from {{ ref('stg_campaign_plan__creator_accounts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

ranked as (

    select
        accounts.campaign_id,
        accounts.creator_id,
        snapshots.platform,
        snapshots.handle,
        snapshots.snapshot_date,
        snapshots.followers_count,
        snapshots.is_followers_rounded,
        row_number() over (
            partition by
                accounts.campaign_id,
                accounts.creator_id,
                snapshots.platform,
                snapshots.handle,
                snapshots.snapshot_date
            order by {{ access_rank('snapshots.access_path') }}
        ) as path_number
    from {{ ref('fct_account_daily') }} as snapshots
    inner join accounts
        on
            snapshots.platform = accounts.platform
            and snapshots.handle = accounts.handle_key
    inner join campaigns
        on
            accounts.campaign_id = campaigns.campaign_id
            and snapshots.snapshot_date <= campaigns.end_date
    where snapshots.followers_count is not null

),

final as (

    select
        campaign_id,
        creator_id,
        platform,
        handle,
        snapshot_date,
        followers_count,
        is_followers_rounded
    from ranked
    where path_number = 1

)

select * from final
