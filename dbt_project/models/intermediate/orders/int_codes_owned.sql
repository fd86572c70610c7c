-- One row per code, shop and span of ownership; an open span ends where the next owner's begins.
with

codes as (

    select
        campaigns.shop_connection_id as connection_id,
        codes.code_key,
        codes.code,
        codes.campaign_id,
        codes.creator_id,
        codes.discount_rate,
        codes.compromised_from_date,
        codes.valid_from_date,
        codes.valid_to_date,
        lead(codes.valid_from_date) over (
            partition by campaigns.shop_connection_id, codes.code_key
            order by codes.valid_from_date, codes.campaign_id, codes.creator_id
        ) as next_valid_from_date
    from {{ ref('stg_campaign_plan__codes') }} as codes
    inner join {{ ref('stg_campaign_plan__campaign_shops') }} as campaigns
        on codes.campaign_id = campaigns.campaign_id

),

owned as (

    select
        connection_id,
        code_key,
        code,
        campaign_id,
        creator_id,
        discount_rate,
        compromised_from_date,
        valid_from_date,
        coalesce(valid_to_date, {{ days_after('next_valid_from_date', -1) }}) as valid_to_date
    from codes

)

select * from owned
