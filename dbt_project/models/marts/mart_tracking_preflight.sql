with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

-- What the shop says of its codes at its newest snapshot; a shop that was never asked says nothing.
shop_codes as (

    select
        snapshots.*,
        row_number() over (
            partition by snapshots.connection_id, snapshots.code_key
            order by snapshots.window_start desc, snapshots.is_active desc, snapshots.code_id asc
        ) as recency,
        max(snapshots.window_start) over (partition by snapshots.connection_id) as newest_at
    from {{ ref('int_shop_codes') }} as snapshots

),

asked_shops as (

    select distinct connection_id from shop_codes

),

code_uses as (

    select
        campaign_id,
        connection_id,
        code_key,
        creator_id,
        max(order_date) as last_seen_date,
        count(*) as seen_count,
        {{ count_where('is_exact_spelling') }} as exact_seen_count
    from {{ ref('int_code_redemptions') }}
    group by campaign_id, connection_id, code_key, creator_id

),

checked_codes as (

    select
        codes.campaign_id,
        codes.connection_id,
        codes.creator_id,
        'code' as item_kind,
        codes.code_key as item_key,
        codes.valid_from_date,
        codes.valid_to_date,
        shop_codes.discount_status as shop_status,
        uses.last_seen_date,
        coalesce(uses.seen_count, 0) as seen_count,
        coalesce(uses.exact_seen_count, 0) as exact_seen_count,
        case
            when asked_shops.connection_id is null then 'unverifiable'
            when shop_codes.code_key is null then 'code_missing_in_shop'
            when shop_codes.window_start < shop_codes.newest_at then 'code_gone_from_shop'
            when shop_codes.discount_status = 'SCHEDULED' then 'code_not_started_in_shop'
            when not shop_codes.is_active then 'code_inactive_in_shop'
            when shop_codes.usage_count >= shop_codes.usage_limit_count then 'code_used_up'
        end as problem
    from {{ ref('int_codes_owned') }} as codes
    left join asked_shops on codes.connection_id = asked_shops.connection_id
    left join shop_codes
        on
            codes.connection_id = shop_codes.connection_id
            and codes.code_key = shop_codes.code_key
            and shop_codes.recency = 1
    left join code_uses as uses
        on
            codes.campaign_id = uses.campaign_id
            and codes.connection_id = uses.connection_id
            and codes.code_key = uses.code_key
            and codes.creator_id = uses.creator_id

),

session_days as (

    select max(session_date) as newest_date from {{ ref('fct_web_session_daily') }}

),

link_sessions as (

    select
        links.campaign_id,
        links.creator_id,
        links.link_id,
        max(sessions.session_date) as last_seen_date,
        sum(sessions.session_count) as seen_count,
        sum(
            case
                when
                    sessions.session_campaign = links.utm_campaign
                    and sessions.session_content = links.utm_content
                    then sessions.session_count
                else 0
            end
        ) as exact_seen_count
    from {{ ref('stg_campaign_plan__links') }} as links
    inner join {{ ref('fct_web_session_daily') }} as sessions
        on
            {{ utm_key('sessions.session_campaign') }} = links.utm_campaign_key
            and {{ utm_key('sessions.session_content') }} = links.utm_content_key
            and links.valid_from_date <= sessions.session_date
            and (links.valid_to_date is null or links.valid_to_date >= sessions.session_date)
    group by links.campaign_id, links.creator_id, links.link_id

),

checked_links as (

    select
        links.campaign_id,
        cast(null as text) as connection_id,
        links.creator_id,
        'link' as item_kind,
        links.link_id as item_key,
        links.valid_from_date,
        links.valid_to_date,
        cast(null as text) as shop_status,
        seen.last_seen_date,
        coalesce(seen.seen_count, 0) as seen_count,
        coalesce(seen.exact_seen_count, 0) as exact_seen_count,
        case
            when session_days.newest_date is null then 'unverifiable'
            when seen.seen_count is null then 'link_never_seen'
            when seen.exact_seen_count = 0 then 'link_misspelled'
        end as problem
    from {{ ref('stg_campaign_plan__links') }} as links
    cross join session_days
    left join link_sessions as seen
        on
            links.campaign_id = seen.campaign_id
            and links.creator_id = seen.creator_id
            and links.link_id = seen.link_id

),

page_sessions as (

    select
        pages.campaign_id,
        pages.creator_id,
        pages.landing_path,
        max(sessions.session_date) as last_seen_date,
        sum(sessions.session_count) as seen_count
    from {{ ref('stg_campaign_plan__landing_pages') }} as pages
    inner join {{ ref('stg_ga4__sessions') }} as sessions
        on
            pages.landing_path = sessions.landing_path
            and pages.valid_from_date <= sessions.session_date
            and (pages.valid_to_date is null or pages.valid_to_date >= sessions.session_date)
    group by pages.campaign_id, pages.creator_id, pages.landing_path

),

-- Paths that differ in their case alone are one page to the sessions, so all must answer.
page_answers as (

    select
        answers.connection_id,
        {{ url_path('answers.landing_path') }} as landing_path,
        bool_and(answers.is_answering) as is_page_answering,
        min(case when not answers.is_answering then answers.answer end) as page_fault,
        min(answers.asked_at) as asked_at
    from {{ source('analysis', 'page_answers') }} as answers
    cross join facts
    where
        {{ business_date('answers.asked_at', reporting_timezone()) }}
        >= {{ days_after('facts.last_day', '-' ~ var('page_answer_days')) }}
    group by answers.connection_id, {{ url_path('answers.landing_path') }}

),

checked_pages as (

    select
        pages.campaign_id,
        cast(null as text) as connection_id,
        pages.creator_id,
        'landing_page' as item_kind,
        pages.landing_path as item_key,
        pages.valid_from_date,
        pages.valid_to_date,
        cast(null as text) as shop_status,
        seen.last_seen_date,
        coalesce(seen.seen_count, 0) as seen_count,
        coalesce(seen.seen_count, 0) as exact_seen_count,
        case
            when not answers.is_page_answering then 'page_not_answering'
            when session_days.newest_date is null and answers.is_page_answering then null
            when session_days.newest_date is null then 'unverifiable'
            when seen.seen_count is null then 'page_never_seen'
        end as problem,
        answers.is_page_answering,
        answers.page_fault,
        answers.asked_at as page_asked_at
    from {{ ref('stg_campaign_plan__landing_pages') }} as pages
    cross join session_days
    left join page_sessions as seen
        on
            pages.campaign_id = seen.campaign_id
            and pages.creator_id = seen.creator_id
            and pages.landing_path = seen.landing_path
    left join campaigns on pages.campaign_id = campaigns.campaign_id
    left join page_answers as answers
        on
            campaigns.shop_connection_id = answers.connection_id
            and pages.landing_path = answers.landing_path

),

-- A caption shows a code or an address; where it cannot be read, nobody knows. Stories have none.
checked_posts as (

    select
        posts.campaign_id,
        cast(null as text) as connection_id,
        posts.creator_id,
        'post' as item_kind,
        posts.platform || ':' || posts.post_id as item_key,
        posts.published_date as valid_from_date,
        cast(null as date) as valid_to_date,
        cast(null as text) as shop_status,
        posts.last_snapshot_date as last_seen_date,
        1 as seen_count,
        case when posts.has_code then 1 else 0 end as exact_seen_count,
        case
            when posts.has_code then null
            when contents.caption is null or posts.content_format = 'story' then 'unverifiable'
            when lower(contents.caption) ~ '(https?://|www[.])' then null
            -- Most captions cannot be clicked: their link stands in the bio. Whether it does is
            -- told by the link's own row.
            when
                {{ word_position('contents.caption', "'bio'") }} > 0
                and exists (
                    select 1
                    from {{ ref('stg_campaign_plan__links') }} as links
                    where
                        posts.campaign_id = links.campaign_id
                        and posts.creator_id = links.creator_id
                        and links.valid_from_date <= posts.published_date
                        and coalesce(links.valid_to_date >= posts.published_date, true)
                )
                then null
            when
                exists (
                    select 1
                    from {{ ref('stg_campaign_plan__landing_pages') }} as pages
                    where
                        posts.campaign_id = pages.campaign_id
                        and posts.creator_id = pages.creator_id
                        and position(pages.landing_path in lower(contents.caption)) > 0
                )
                then null
            else 'post_without_code_or_link'
        end as problem
    from {{ ref('int_posts_matched') }} as posts
    left join {{ ref('fct_post') }} as contents
        on
            posts.platform = contents.platform
            and posts.post_id = contents.post_id

),

checked as (

    {% for item in ['codes', 'links', 'posts'] -%}
    select
        *,
        cast(null as boolean) as is_page_answering,
        cast(null as text) as page_fault,
        cast(null as timestamptz) as page_asked_at
    from checked_{{ item }}

    union all

    {% endfor -%}
    select * from checked_pages

),

-- First live piece of each creator: before it, nothing needs to have been seen.
firsts as (

    select
        campaign_id,
        creator_id,
        min(published_date) as first_live_date
    from {{ ref('int_posts_matched') }}
    group by campaign_id, creator_id

),

judged as (

    select
        checked.*,
        case
            when checked.valid_to_date < facts.last_day then 'ended'
            when checked.valid_from_date > facts.last_day then 'not_started'
            when checked.problem = 'unverifiable' then 'unverifiable'
            when
                checked.problem in ('link_never_seen', 'page_never_seen')
                and coalesce(firsts.first_live_date >= facts.last_day, true)
                then 'waiting'
            when checked.problem is not null then 'problem'
            else 'ok'
        end as check_status
    from checked
    cross join facts
    left join firsts
        on
            checked.campaign_id = firsts.campaign_id
            and checked.creator_id = firsts.creator_id

),

final as (

    select
        judged.campaign_id,
        judged.creator_id,
        judged.item_kind,
        judged.item_key,
        -- Links, pages and posts belong to no shop; the campaign's main one stands for them.
        coalesce(judged.connection_id, campaigns.shop_connection_id) as connection_id,
        judged.valid_from_date,
        judged.valid_to_date,
        judged.check_status,
        case when judged.check_status = 'problem' then judged.problem end as problem,
        case
            when judged.check_status <> 'problem' then null
            when judged.problem in ('code_missing_in_shop', 'code_gone_from_shop')
                then 'create the code in the shop, or correct it in the campaign file'
            when judged.problem = 'code_not_started_in_shop'
                then 'let the code start in the shop when the campaign file says'
            when judged.problem = 'code_inactive_in_shop'
                then 'activate the code in the shop, or end it in the campaign file'
            when judged.problem = 'code_used_up' then 'raise the usage limit in the shop'
            when judged.problem = 'link_never_seen'
                then 'open the link and compare its utm values with the campaign file'
            when judged.problem = 'link_misspelled'
                then 'it is counted; spell the utm values as the campaign file does'
            when judged.problem = 'page_never_seen'
                then 'open the page; it may be missing, redirected or linked nowhere'
            when judged.problem = 'page_not_answering'
                then
                    'publish the page, or correct its path in the campaign file: '
                    || judged.page_fault
            when judged.problem = 'post_without_code_or_link'
                then 'ask the creator to add the code or link'
        end as what_to_do,
        judged.shop_status,
        {{ whole_count('judged.seen_count') }} as seen_count,
        {{ whole_count('judged.exact_seen_count') }} as exact_seen_count,
        judged.last_seen_date,
        judged.is_page_answering,
        judged.page_asked_at,
        case
            when judged.item_kind = 'link'
                then 'the plan names the values of a link, not the address it leads to'
            when judged.item_kind = 'landing_page' and judged.is_page_answering is null
                then
                    'nobody asked the page in the {{ var("page_answer_days") }} days before: '
                    || 'python -m include.campaigns pages'
        end as unavailable_reason,
        facts.as_of_date
    from judged
    inner join campaigns on judged.campaign_id = campaigns.campaign_id
    cross join facts

)

select * from final
