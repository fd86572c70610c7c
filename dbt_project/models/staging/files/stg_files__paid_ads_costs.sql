with

source as (

    select * from {{ source('files', 'paid_ads_costs') }}

),

renamed as (

    select
        connection_id,
        cost_date,
        lower(platform) as platform,
        campaign_name,
        nullif(ad_name, '') as ad_name,
        spend_amount,
        upper(currency_code) as currency_code,
        impressions as impression_count,
        clicks as click_count,
        engagements as engagement_count,
        orders as claimed_order_count,
        revenue_amount as claimed_revenue_amount,
        source_post_url,
        file_name,
        line_number,
        _load_id as load_id
    from source

)

select * from renamed
