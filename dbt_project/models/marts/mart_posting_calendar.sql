-- Who posts when, and who should not have: pieces that share a day and a platform with another
-- creator of the campaign, and posts about a competitor within a creator's exclusivity.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

creators as (

    select * from {{ ref('dim_creator') }}

),

pieces as (

    select
        campaign_id,
        creator_id,
        platform,
        content_format,
        deliverable_id,
        post_id,
        planned_date,
        -- A piece stands on the day it went live; until then, and unseen, on the planned one.
        coalesce(published_date, planned_date) as calendar_date,
        published_date is not null as is_live
    from {{ ref('int_deliverables_matched') }}

),

competitor_posts as (

    select
        exclusivities.campaign_id,
        exclusivities.creator_id,
        posts.platform,
        posts.content_format,
        posts.post_id,
        posts.published_date as calendar_date,
        string_agg(
            distinct exclusivities.competitor_brand, ', ' order by exclusivities.competitor_brand
        ) as competitor_brands
    from {{ ref('stg_campaign_plan__exclusive_competitors') }} as exclusivities
    inner join {{ ref('stg_campaign_plan__creator_accounts') }} as creator_accounts
        on
            exclusivities.campaign_id = creator_accounts.campaign_id
            and exclusivities.creator_id = creator_accounts.creator_id
    inner join {{ ref('fct_post') }} as posts
        on
            creator_accounts.platform = posts.platform
            and creator_accounts.handle_key = posts.handle
            and exclusivities.valid_from_date <= posts.published_date
            and (
                exclusivities.valid_to_date is null
                or exclusivities.valid_to_date >= posts.published_date
            )
            and position(
                ' ' || exclusivities.competitor_key || ' '
                in ' ' || {{ letters_key('posts.caption') }} || ' '
            ) > 0
    group by
        exclusivities.campaign_id,
        exclusivities.creator_id,
        posts.platform,
        posts.content_format,
        posts.post_id,
        posts.published_date

),

entries as (

    select
        campaign_id,
        creator_id,
        calendar_date,
        'piece' as entry_kind,
        deliverable_id as entry_id,
        platform,
        content_format,
        post_id,
        planned_date,
        is_live,
        cast(null as text) as competitor_brands
    from pieces

    union all

    select
        campaign_id,
        creator_id,
        calendar_date,
        'competitor_post' as entry_kind,
        platform || ' ' || post_id as entry_id,
        platform,
        content_format,
        post_id,
        cast(null as date) as planned_date,
        true as is_live,
        competitor_brands
    from competitor_posts

),

-- Customers whose orders two creators touched: the overlap of their audiences that the shop sees.
-- A touch of the path has a row of credit, if of nothing.
touched_customers as (

    select distinct
        campaign_id,
        creator_id,
        connection_id,
        customer_id
    from {{ ref('int_default_credits') }}
    where order_class = 'kept' and customer_id is not null

),

same_days as (

    select
        one.campaign_id,
        one.entry_id,
        one.creator_id,
        one.platform,
        other.creator_id as other_creator_id
    from entries as one
    inner join entries as other
        on
            one.campaign_id = other.campaign_id
            and one.calendar_date = other.calendar_date
            and one.platform = other.platform
            and one.creator_id <> other.creator_id
    where one.entry_kind = 'piece' and other.entry_kind = 'piece'
    group by one.campaign_id, one.entry_id, one.creator_id, one.platform, other.creator_id

),

accounts as (

    select * from {{ ref('stg_campaign_plan__creator_accounts') }}

),

-- What a vendor's newest file says two accounts have in common; it is there before any order is.
told_overlaps as (

    select
        one.campaign_id,
        one.platform,
        one.creator_id,
        other.creator_id as other_creator_id,
        shared_files.share_rate,
        row_number() over (
            partition by one.campaign_id, one.platform, one.creator_id, other.creator_id
            order by shared_files.as_of_date desc, shared_files.share_rate desc
        ) as recency
    from {{ ref('stg_files__audience_breakdown') }} as shared_files
    inner join accounts as one
        on
            shared_files.platform = one.platform
            and shared_files.creator_handle_key = one.handle_key
            and shared_files.dimension = 'overlap'
    inner join accounts as other
        on
            one.campaign_id = other.campaign_id
            and one.platform = other.platform
            and {{ handle_key('shared_files.segment') }} = other.handle_key
    where one.creator_id <> other.creator_id

),

-- A share of the one's followers or of the other's: either makes them see both posts.
shared_followers as (

    {% for one, other in [
        ('creator_id', 'other_creator_id'), ('other_creator_id', 'creator_id')
    ] -%}
    select
        campaign_id,
        platform,
        {{ one }} as creator_id,
        {{ other }} as other_creator_id,
        share_rate
    from told_overlaps
    where recency = 1
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

limits as (

    select
        campaign_id,
        max(overlap_high) as overlap_high
    from {{ ref('stg_campaign_plan__candidates') }}
    group by campaign_id

),

-- By customer first: a customer has few creators, two creators have many customers.
shared_customers as (

    select
        one.campaign_id,
        one.creator_id,
        other.creator_id as other_creator_id,
        count(*) as shared_customer_count
    from touched_customers as one
    inner join touched_customers as other
        on
            one.campaign_id = other.campaign_id
            and one.connection_id = other.connection_id
            and one.customer_id = other.customer_id
            and one.creator_id <> other.creator_id
    group by one.campaign_id, one.creator_id, other.creator_id

),

shared as (

    select
        same_days.campaign_id,
        same_days.creator_id,
        same_days.entry_id,
        same_days.other_creator_id,
        max(coalesce(shared_customers.shared_customer_count, 0)) as shared_customer_count,
        max(shared_followers.share_rate) as audience_overlap_rate
    from same_days
    left join shared_customers
        on
            same_days.campaign_id = shared_customers.campaign_id
            and same_days.creator_id = shared_customers.creator_id
            and same_days.other_creator_id = shared_customers.other_creator_id
    left join shared_followers
        on
            same_days.campaign_id = shared_followers.campaign_id
            and same_days.platform = shared_followers.platform
            and same_days.creator_id = shared_followers.creator_id
            and same_days.other_creator_id = shared_followers.other_creator_id
    group by
        same_days.campaign_id,
        same_days.creator_id,
        same_days.entry_id,
        same_days.other_creator_id

),

clashes as (

    select
        campaign_id,
        creator_id,
        entry_id,
        count(*) as same_day_creator_count,
        string_agg(other_creator_id, ', ' order by other_creator_id) as same_day_creator_ids,
        max(shared_customer_count) as shared_customer_count,
        max(audience_overlap_rate) as audience_overlap_rate
    from shared
    group by campaign_id, creator_id, entry_id

),

final as (

    select
        entries.campaign_id,
        entries.calendar_date,
        entries.creator_id,
        entries.entry_kind,
        entries.entry_id,
        creators.creator_name,
        entries.platform,
        entries.content_format,
        entries.post_id,
        entries.planned_date,
        entries.is_live,
        promises.content_mechanic,
        promises.draft_due_date,
        case
            when entries.entry_kind = 'piece'
                then {{ draft_status('promises', 'facts.last_day') }}
        end as draft_status,
        coalesce(clashes.same_day_creator_count, 0) as same_day_creator_count,
        clashes.same_day_creator_ids,
        coalesce(clashes.shared_customer_count, 0) as shared_customer_count,
        cast(clashes.audience_overlap_rate as numeric(18, 6)) as audience_overlap_rate,
        coalesce(clashes.shared_customer_count, 0) > 0
        or coalesce(
            clashes.audience_overlap_rate > coalesce(
                limits.overlap_high, {{ var('overlap_high') }}
            ),
            false
        ) as has_overlap_clash,
        entries.entry_kind = 'competitor_post' as has_exclusivity_clash,
        entries.competitor_brands,
        entries.calendar_date <= facts.as_of_date as is_final,
        facts.sources_present,
        facts.as_of_date
    from entries
    inner join creators
        on
            entries.campaign_id = creators.campaign_id
            and entries.creator_id = creators.creator_id
    cross join facts
    left join limits on entries.campaign_id = limits.campaign_id
    left join {{ ref('stg_campaign_plan__deliverables') }} as promises
        on
            entries.campaign_id = promises.campaign_id
            and entries.creator_id = promises.creator_id
            and entries.entry_id = promises.deliverable_id
            and entries.entry_kind = 'piece'
    left join clashes
        on
            entries.campaign_id = clashes.campaign_id
            and entries.creator_id = clashes.creator_id
            and entries.entry_id = clashes.entry_id
            and entries.entry_kind = 'piece'

)

select * from final
