{{ config(post_hook='analyze {{ this }}') }}

with

creators as (

    select * from {{ ref('stg_campaign_plan__creators') }}

),

accounts as (

    select
        *,
        row_number() over (
            partition by campaign_id, creator_id
            order by {{ access_rank('access_path') }}, platform, handle_key
        ) as account_number
    from {{ ref('stg_campaign_plan__creator_accounts') }}

),

contracts as (

    select
        campaign_id,
        creator_id,
        count(*) as contract_count,
        sum(fee_amount) as fee_amount,
        max(commission_rate) as commission_rate
    from {{ ref('stg_campaign_plan__contracts') }}
    group by campaign_id, creator_id

),

final as (

    select
        creators.campaign_id,
        creators.creator_id,
        creators.creator_name,
        creators.tier,
        creators.country_code,
        creators.creator_kind,
        accounts.platform,
        accounts.handle_key as handle,
        coalesce(accounts.access_path, 'none') as access_path,
        coalesce(contracts.contract_count, 0) as contract_count,
        coalesce(contracts.fee_amount, 0) as fee_amount,
        coalesce(contracts.commission_rate, 0) as commission_rate,
        members.last_planned_date
    from creators
    left join accounts
        on
            creators.campaign_id = accounts.campaign_id
            and creators.creator_id = accounts.creator_id
            and accounts.account_number = 1
    left join contracts
        on
            creators.campaign_id = contracts.campaign_id
            and creators.creator_id = contracts.creator_id
    left join {{ ref('stg_campaign_plan__plan_members') }} as members
        on
            creators.connection_id = members.connection_id
            and creators.campaign_id = members.campaign_id
            and creators.creator_id = members.creator_id

)

select * from final
