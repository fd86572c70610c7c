-- One row per visit of an affected order: which creator its link or landing page names, else which
-- other channel it came through. A visit is one touch whatever evidence names its creator.
with

moments as (

    select
        visits.*,
        {{ business_date('visits.occurred_at', 'visits.business_timezone') }} as occurred_date,
        {{ utm_loose_keys('visits') }}
    from {{ ref('int_order_visits') }} as visits

),

links as {{ computed_once() }} (

    {{ links_of_shops() | indent(4) }}

),

campaigns as (

    select * from {{ ref('stg_campaign_plan__campaign_shops') }}

),

link_candidates as (

    select
        moments.connection_id,
        moments.order_id,
        moments.visit_id,
        links.campaign_id,
        links.creator_id,
        links.link_id,
        case when links.utm_source_key = moments.utm_source_key then 0 else 1 end
            as source_distance,
        case when links.utm_medium_key = moments.utm_medium_key then 0 else 1 end
            as medium_distance,
        {{ utm_match_quality('moments', 'links') }} as match_quality
    from moments
    inner join links
        on
            moments.connection_id = links.shop_connection_id
            and moments.loose_campaign_key = links.loose_campaign_key
            and moments.loose_content_key = links.loose_content_key
            and {{ holds_on_day('links', 'moments.occurred_date') }}

),

link_matches as (

    {{ best_matches(
        'link_candidates',
        ['connection_id', 'order_id', 'visit_id'],
        ['source_distance', 'medium_distance', 'campaign_id', 'link_id']
    ) | indent(4) }}

),

page_matches as (

    select
        moments.connection_id,
        moments.order_id,
        moments.visit_id,
        pages.campaign_id,
        pages.creator_id,
        row_number() over (
            partition by moments.connection_id, moments.order_id, moments.visit_id
            order by pages.valid_from_date desc, pages.campaign_id asc, pages.creator_id asc
        ) as match_number
    from moments
    inner join campaigns on moments.connection_id = campaigns.shop_connection_id
    inner join {{ ref('stg_campaign_plan__landing_pages') }} as pages
        on
            campaigns.campaign_id = pages.campaign_id
            and moments.landing_path = pages.landing_path
            and {{ holds_on_day('pages', 'moments.occurred_date') }}

),

classified as (

    select
        moments.connection_id,
        moments.order_id,
        moments.visit_id,
        moments.occurred_at,
        moments.ordered_at,
        moments.has_every_rule_version,
        coalesce(link_matches.campaign_id, page_matches.campaign_id) as campaign_id,
        coalesce(link_matches.creator_id, page_matches.creator_id) as creator_id,
        coalesce(link_matches.match_quality, 'exact') as match_quality,
        {{ other_channel('moments') }} as other_channel,
        case
            when link_matches.creator_id is not null then 'utm_link'
            when page_matches.creator_id is not null then 'landing_page'
        end as evidence_type,
        case when link_matches.creator_id = page_matches.creator_id then 'landing_page' end
            as further_evidence_type
    from moments
    left join link_matches
        on
            moments.connection_id = link_matches.connection_id
            and moments.order_id = link_matches.order_id
            and moments.visit_id = link_matches.visit_id
    left join page_matches
        on
            moments.connection_id = page_matches.connection_id
            and moments.order_id = page_matches.order_id
            and moments.visit_id = page_matches.visit_id
            and page_matches.match_number = 1

)

select * from classified
