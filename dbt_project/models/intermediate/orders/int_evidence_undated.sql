-- One row per affected order and piece of evidence that names a creator but no instant: redeemed
-- codes of their owner on the order's date, the session GA4 holds for the order's transaction, and
-- what the customer answered in the post-purchase survey: a handle, a code, or a creator's name.
-- match_quality: exact as the plan writes it, normalised (case, space, @), fuzzy (a name in text).
with

affected as (

    select * from {{ ref('int_orders_affected') }}

),

redeemed_codes as (

    select
        affected.connection_id,
        affected.order_id,
        code_owners.campaign_id,
        code_owners.creator_id,
        'discount_code' as evidence_type,
        30 as evidence_rank,
        code_owners.code_key as evidence_value,
        case when redeemed.code = code_owners.code then 'exact' else 'normalised' end
            as match_quality,
        code_owners.valid_from_date as owner_from_date,
        row_number() over (
            partition by affected.connection_id, affected.order_id, code_owners.code_key
            order by
                code_owners.valid_from_date desc,
                code_owners.campaign_id asc,
                code_owners.creator_id asc
        ) as match_number
    from affected
    inner join {{ ref('int_order_codes') }} as redeemed
        on
            affected.connection_id = redeemed.connection_id
            and affected.order_id = redeemed.order_id
    inner join {{ ref('int_codes_owned') }} as code_owners
        on
            redeemed.connection_id = code_owners.connection_id
            and redeemed.code_key = code_owners.code_key
            and affected.order_date >= code_owners.valid_from_date
            and (
                code_owners.valid_to_date is null
                or affected.order_date <= code_owners.valid_to_date
            )

),

ga4_sessions as (

    select
        affected.connection_id,
        affected.order_id,
        links.campaign_id,
        links.creator_id,
        'ga4_session' as evidence_type,
        10 as evidence_rank,
        ga4_orders.transaction_id as evidence_value,
        'normalised' as match_quality,
        links.valid_from_date as owner_from_date,
        row_number() over (
            partition by affected.connection_id, affected.order_id
            order by links.campaign_id, links.link_id
        ) as match_number
    from affected
    inner join {{ ref('int_ga4_transactions_joined') }} as ga4_orders
        on
            affected.connection_id = ga4_orders.connection_id
            and affected.order_id = ga4_orders.order_id
    inner join {{ ref('stg_campaign_plan__campaign_shops') }} as campaigns
        on affected.connection_id = campaigns.shop_connection_id
    inner join {{ ref('stg_campaign_plan__links') }} as links
        on
            campaigns.campaign_id = links.campaign_id
            and ga4_orders.utm_campaign_key = links.utm_campaign_key
            and ga4_orders.utm_content_key = links.utm_content_key
            and affected.order_date >= links.valid_from_date
            and (links.valid_to_date is null or affected.order_date <= links.valid_to_date)

),

answers as (

    select
        affected.connection_id,
        affected.order_id,
        affected.order_date,
        affected.ordered_at,
        answered.response_id,
        answered.creator_handle_key,
        answered.platform,
        answered.code_key,
        {{ letters_key('answered.answer') }} as answer_key
    from affected
    inner join {{ ref('stg_files__post_purchase_survey') }} as answered
        on
            (affected.order_id = answered.order_key or affected.order_number = answered.order_key)
            and (answered.submitted_at is null or affected.ordered_at <= answered.submitted_at)

),

-- The creators a campaign of the shop had until the order, and what an answer may call them by.
candidates as (

    select
        campaigns.shop_connection_id as connection_id,
        creators.campaign_id,
        creators.creator_id,
        campaigns.start_date as owner_from_date,
        creator_accounts.platform,
        creator_accounts.handle_key,
        {{ letters_key('creators.creator_name') }} as name_key,
        {{ letters_key('creator_accounts.handle_key') }} as handle_letters_key
    from {{ ref('stg_campaign_plan__creators') }} as creators
    inner join {{ ref('stg_campaign_plan__campaign_shops') }} as campaigns
        on creators.campaign_id = campaigns.campaign_id
    left join {{ ref('stg_campaign_plan__creator_accounts') }} as creator_accounts
        on
            creators.campaign_id = creator_accounts.campaign_id
            and creators.creator_id = creator_accounts.creator_id

),

named_creators as (

    select
        answers.connection_id,
        answers.order_id,
        answers.order_date,
        answers.response_id,
        candidates.campaign_id,
        candidates.creator_id,
        candidates.owner_from_date,
        case
            when answers.creator_handle_key = candidates.handle_key then 'normalised'
            else 'fuzzy'
        end as match_quality
    from answers
    inner join candidates
        on
            answers.connection_id = candidates.connection_id
            and answers.order_date >= candidates.owner_from_date
            and (
                (
                    answers.creator_handle_key = candidates.handle_key
                    and coalesce(answers.platform, candidates.platform) = candidates.platform
                )
                or (
                    answers.creator_handle_key is null
                    and answers.code_key is null
                    and (
                        position(
                            ' ' || candidates.name_key || ' ' in ' ' || answers.answer_key || ' '
                        )
                        > 0
                        or position(
                            ' ' || candidates.handle_letters_key || ' '
                            in ' ' || answers.answer_key || ' '
                        ) > 0
                    )
                )
            )

    union all

    select
        answers.connection_id,
        answers.order_id,
        answers.order_date,
        answers.response_id,
        code_owners.campaign_id,
        code_owners.creator_id,
        code_owners.valid_from_date as owner_from_date,
        'normalised' as match_quality
    from answers
    inner join {{ ref('int_codes_owned') }} as code_owners
        on
            answers.connection_id = code_owners.connection_id
            and answers.code_key = code_owners.code_key
            and answers.creator_handle_key is null
            and answers.order_date >= code_owners.valid_from_date
            and (
                code_owners.valid_to_date is null
                or answers.order_date <= code_owners.valid_to_date
            )

),

-- A text that fits two creators names nobody.
survey_answers as (

    select
        connection_id,
        order_id,
        max(campaign_id) as campaign_id,
        max(creator_id) as creator_id,
        'survey' as evidence_type,
        40 as evidence_rank,
        max(response_id) as evidence_value,
        min(match_quality) as match_quality,
        max(owner_from_date) as owner_from_date
    from named_creators
    group by connection_id, order_id
    having count(distinct creator_id) = 1

),

undated as (

    select
        connection_id,
        order_id,
        campaign_id,
        creator_id,
        evidence_type,
        evidence_rank,
        evidence_value,
        match_quality,
        owner_from_date
    from redeemed_codes
    where match_number = 1

    union all

    select
        connection_id,
        order_id,
        campaign_id,
        creator_id,
        evidence_type,
        evidence_rank,
        evidence_value,
        match_quality,
        owner_from_date
    from ga4_sessions
    where match_number = 1

    union all

    select
        connection_id,
        order_id,
        campaign_id,
        creator_id,
        evidence_type,
        evidence_rank,
        evidence_value,
        match_quality,
        owner_from_date
    from survey_answers

)

select
    connection_id,
    order_id,
    campaign_id,
    creator_id,
    evidence_type,
    evidence_rank,
    evidence_value,
    match_quality,
    owner_from_date
from undated
