with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

-- The creator's main account where a file tells its audience, else another one of theirs.
told as (

    select
        countries.*,
        dense_rank() over (
            partition by countries.campaign_id, countries.creator_id
            order by
                case
                    when
                        countries.platform = creators.platform
                        and countries.handle = creators.handle
                        then 0
                    else 1
                end,
                countries.platform,
                countries.handle
        ) as account_number
    from {{ ref('int_audience_countries') }} as countries
    inner join {{ ref('dim_creator') }} as creators
        on
            countries.campaign_id = creators.campaign_id
            and countries.creator_id = creators.creator_id

),

audience as (

    select * from told
    where account_number = 1

),

told_accounts as (

    select
        campaign_id,
        creator_id,
        platform,
        max(audience_date) as audience_date
    from audience
    group by campaign_id, creator_id, platform

),

sold as (

    select
        campaign_id,
        creator_id,
        country_code,
        sum(credit_share * conversion_count) as credited_order_count
    from {{ ref('int_default_credits') }}
    where order_class = 'kept'
    group by campaign_id, creator_id, country_code

),

visited as (

    select
        links.campaign_id,
        links.creator_id,
        countries.country_code,
        sum(places_visited.session_count) as session_count
    from {{ ref('stg_ga4__geography') }} as places_visited
    inner join {{ ref('stg_campaign_plan__links') }} as links
        on
            places_visited.utm_campaign_key = links.utm_campaign_key
            and places_visited.utm_content_key = links.utm_content_key
            and places_visited.session_date >= links.valid_from_date
            and (
                links.valid_to_date is null
                or places_visited.session_date <= links.valid_to_date
            )
    left join {{ ref('ref_country') }} as countries
        on places_visited.country = countries.country_name
    group by links.campaign_id, links.creator_id, countries.country_code

),

store_orders as (

    select
        campaign_id,
        creator_id,
        count(*) as store_code_order_count
    from {{ ref('int_code_redemptions') }}
    where
        order_class = 'kept'
        and sales_channel in {{ quoted_list(var('store_sales_channels')) }}
    group by campaign_id, creator_id

),

-- Everything on the audience's own map: a country the file does not name is one of its others.
placed as (

    select
        campaign_id,
        creator_id,
        country_code,
        audience_share_rate,
        cast(null as numeric) as credited_order_count,
        cast(null as numeric) as session_count
    from audience

    union all

    select
        sold.campaign_id,
        sold.creator_id,
        case
            when sold.country_code is null then 'unknown'
            when named.creator_id is not null or told_of.creator_id is null then sold.country_code
            else 'other'
        end as country_code,
        cast(null as numeric) as audience_share_rate,
        sold.credited_order_count,
        cast(null as numeric) as session_count
    from sold
    left join audience as named
        on
            sold.campaign_id = named.campaign_id
            and sold.creator_id = named.creator_id
            and sold.country_code = named.country_code
    left join told_accounts as told_of
        on
            sold.campaign_id = told_of.campaign_id
            and sold.creator_id = told_of.creator_id

    union all

    select
        visited.campaign_id,
        visited.creator_id,
        case
            when visited.country_code is null then 'unknown'
            when named.creator_id is not null or told_of.creator_id is null
                then visited.country_code
            else 'other'
        end as country_code,
        cast(null as numeric) as audience_share_rate,
        cast(null as numeric) as credited_order_count,
        visited.session_count
    from visited
    left join audience as named
        on
            visited.campaign_id = named.campaign_id
            and visited.creator_id = named.creator_id
            and visited.country_code = named.country_code
    left join told_accounts as told_of
        on
            visited.campaign_id = told_of.campaign_id
            and visited.creator_id = told_of.creator_id

    union all

    -- Every creator has a row, also without audience, order and session.
    select
        campaign_id,
        creator_id,
        'unknown' as country_code,
        cast(null as numeric) as audience_share_rate,
        cast(0 as numeric) as credited_order_count,
        cast(0 as numeric) as session_count
    from {{ ref('dim_creator') }}

),

by_country as (

    select
        campaign_id,
        creator_id,
        country_code,
        sum(audience_share_rate) as audience_share_rate,
        coalesce(sum(credited_order_count), 0) as credited_order_count,
        coalesce(sum(session_count), 0) as session_count
    from placed
    group by campaign_id, creator_id, country_code

),

shared as (

    select
        *,
        case when country_code <> 'unknown' then credited_order_count end as located_count,
        case when country_code <> 'unknown' then session_count end as located_session_count,
        sum(case when country_code <> 'unknown' then credited_order_count end) over (
            partition by campaign_id, creator_id
        ) as located_order_total,
        sum(case when country_code <> 'unknown' then session_count end) over (
            partition by campaign_id, creator_id
        ) as located_session_total,
        sum(audience_share_rate) over (
            partition by campaign_id, creator_id
        ) as audience_share_total
    from by_country

),

rated as (

    select
        *,
        {{ ratio('located_count', 'located_order_total') }} as order_share_rate,
        {{ ratio('located_session_count', 'located_session_total') }} as session_share_rate
    from shared

),

compared as (

    select
        *,
        case
            when audience_share_total > 0 and located_order_total > 0
                then
                    sum(least(coalesce(audience_share_rate, 0), order_share_rate)) over of_creator
        end as order_overlap_index,
        case
            when audience_share_total > 0 and located_session_total > 0
                then
                    sum(least(coalesce(audience_share_rate, 0), session_share_rate)) over of_creator
        end as session_overlap_index
    from rated
    window of_creator as (partition by campaign_id, creator_id)

),

final as (

    select
        compared.campaign_id,
        compared.creator_id,
        compared.country_code,
        creators.creator_name,
        creators.country_code as creator_country_code,
        told_accounts.platform as audience_platform,
        told_accounts.audience_date,
        cast(compared.audience_share_rate as numeric(18, 6)) as audience_share_rate,
        {{ share_count('compared.credited_order_count') }} as credited_order_count,
        {{ share_count('coalesce(compared.located_order_total, 0)') }} as located_order_count,
        compared.order_share_rate,
        {{ rate_low('compared.located_count', 'compared.located_order_total') }}
            as order_share_rate_low,
        {{ rate_high('compared.located_count', 'compared.located_order_total') }}
            as order_share_rate_high,
        cast(compared.session_count as bigint) as session_count,
        {{ whole_count('compared.located_session_total') }} as located_session_count,
        compared.session_share_rate,
        {{ rate_low('compared.located_session_count', 'compared.located_session_total') }}
            as session_share_rate_low,
        {{ rate_high('compared.located_session_count', 'compared.located_session_total') }}
            as session_share_rate_high,
        cast(compared.order_overlap_index as numeric(18, 6)) as order_overlap_index,
        cast(compared.session_overlap_index as numeric(18, 6)) as session_overlap_index,
        {{ whole_count('store_orders.store_code_order_count') }} as store_code_order_count,
        case
            when told_accounts.creator_id is null then 'no file tells where the followers live'
            when coalesce(compared.located_order_total, 0) = 0
                then 'no credited order with a known country'
        end as unavailable_reason,
        {{ days_after('campaigns.end_date', var('restatement_days')) }} <= facts.as_of_date
            as is_final,
        facts.sources_present,
        facts.as_of_date
    from compared
    inner join campaigns on compared.campaign_id = campaigns.campaign_id
    inner join {{ ref('dim_creator') }} as creators
        on
            compared.campaign_id = creators.campaign_id
            and compared.creator_id = creators.creator_id
    cross join facts
    left join told_accounts
        on
            compared.campaign_id = told_accounts.campaign_id
            and compared.creator_id = told_accounts.creator_id
    left join store_orders
        on
            compared.campaign_id = store_orders.campaign_id
            and compared.creator_id = store_orders.creator_id

)

select * from final
