with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

-- A creator with several accounts is as visible as the most visible one.
creators as (

    select
        campaign_id,
        creator_id,
        max(case when access_path = 'own_account' then 1 else 0 end) as is_connected,
        max(case when access_path = 'none' then 0 else 1 end) as is_seen
    from {{ ref('dim_creator') }}
    group by campaign_id, creator_id

),

counted as (

    select
        campaign_id,
        count(*) as creator_count,
        {{ sum_count('is_connected') }} as connected_creator_count,
        {{ sum_count('1 - is_seen') }} as unseen_creator_count
    from creators
    group by campaign_id

),

final as (

    select
        campaigns.campaign_id,
        campaigns.campaign_name,
        campaigns.brand_name,
        campaigns.start_date,
        campaigns.end_date,
        campaigns.hashtag,
        campaigns.shop_connection_ids,
        campaigns.reporting_timezone,
        campaigns.currency_code,
        campaigns.budget_amount,
        campaigns.lookback_days,
        campaigns.default_attribution_model as attribution_model,
        campaigns.default_rule_version as rule_version,
        {{ whole_count('counted.creator_count') }} as creator_count,
        {{ whole_count('counted.connected_creator_count') }} as connected_creator_count,
        {{ whole_count('counted.unseen_creator_count') }} as unseen_creator_count,
        {{ days_after('campaigns.end_date', var('restatement_days')) }} <= facts.as_of_date
            as is_final,
        facts.sources_present,
        facts.sources_missing,
        facts.as_of_date
    from campaigns
    cross join facts
    left join counted on campaigns.campaign_id = counted.campaign_id

)

select * from final
