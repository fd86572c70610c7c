-- One row per campaign, week and distinct path of journeys that ended in nothing, and how many:
-- what int_path_summary counts as null. A journey counts in the week in which its look-back was
-- over, and in the campaigns of the shops its visitor was in. Worked out anew in each run, as the
-- journeys are: the summary tells by it which of its weeks are no longer true.
{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with

campaigns as (

    select
        campaign_id,
        start_date,
        {{ days_after('end_date', 'lookback_days') }} as last_date
    from {{ ref('dim_campaign') }}

),

lost_paths as (

    select
        path_date,
        shop_connection_ids,
        channel_path,
        count(*) as null_count
    from {{ ref('int_visitor_paths') }}
    where path_status = 'null'
    group by path_date, shop_connection_ids, channel_path

),

-- Few distinct lists of shops, many paths: the campaigns are looked up per list, and a campaign of
-- two shops its visitor was in counts once.
campaigns_of_lists as (

    select distinct
        lists.shop_connection_ids,
        shops.campaign_id
    from (select distinct shop_connection_ids from lost_paths) as lists
    inner join {{ ref('stg_campaign_plan__campaign_shops') }} as shops
        on position(
            ',' || shops.shop_connection_id || ',' in ',' || lists.shop_connection_ids || ','
        ) > 0

),

final as (

    select
        campaigns.campaign_id,
        {{ week_start('lost_paths.path_date') }} as week_start_date,
        lost_paths.channel_path,
        {{ sum_count('lost_paths.null_count') }} as null_count
    from lost_paths
    inner join campaigns_of_lists
        on lost_paths.shop_connection_ids = campaigns_of_lists.shop_connection_ids
    inner join campaigns
        on
            campaigns_of_lists.campaign_id = campaigns.campaign_id
            and lost_paths.path_date >= campaigns.start_date
            and lost_paths.path_date <= campaigns.last_date
    group by
        campaigns.campaign_id,
        {{ week_start('lost_paths.path_date') }},
        lost_paths.channel_path

)

select * from final
