-- One row per affected order and piece of evidence that names a creator but no instant: redeemed
-- codes of their owner on the order's date, the session GA4 holds for the order's transaction, and
-- what the customer answered in the post-purchase survey: a handle, a code, or a creator's name.
-- match_quality: exact as the plan writes it; normalised (case, space, @); fuzzy (only letters and
-- digits of a code or utm value are alike, or a name in a text).
-- A code that the plan calls compromised on the order's day is evidence of its own kind.
with

affected as (

    select * from {{ ref('int_orders_affected') }}

),

redeemed as {{ computed_once() }} (

    select
        affected.connection_id,
        affected.order_id,
        affected.order_date,
        codes.code,
        codes.code_key,
        {{ loose_key('codes.code_key') }} as loose_code_key
    from affected
    inner join {{ ref('int_order_codes') }} as codes
        on
            affected.connection_id = codes.connection_id
            and affected.order_id = codes.order_id

),

code_owners as {{ computed_once() }} (

    {{ code_owners() | indent(4) }}

),

code_candidates as (

    {{ code_candidates('redeemed') | indent(4) }}

),

code_matches as (

    {{ code_matches('code_candidates') | indent(4) }}

),

-- A code that more than its creator's audience holds still names its owner, as a class of its own.
-- Two spellings of one code are one redemption.
redeemed_codes as (

    select
        *,
        case
            when order_date >= compromised_from_date then 'compromised_code'
            else 'discount_code'
        end as evidence_type,
        row_number() over (
            partition by connection_id, order_id, code_key
            order by {{ match_rank('match_quality') }}, {{ byte_order('redeemed_key') }}
        ) as spelling_number
    from code_matches

),

ga4_orders as {{ computed_once() }} (

    select
        ga4_orders.*,
        affected.order_date,
        {{ utm_loose_keys('ga4_orders') }}
    from affected
    inner join {{ ref('int_ga4_transactions_joined') }} as ga4_orders
        on
            affected.connection_id = ga4_orders.connection_id
            and affected.order_id = ga4_orders.order_id

),

links as {{ computed_once() }} (

    {{ links_of_shops() | indent(4) }}

),

session_candidates as (

    select
        ga4_orders.connection_id,
        ga4_orders.order_id,
        links.campaign_id,
        links.creator_id,
        links.link_id,
        ga4_orders.transaction_id as evidence_value,
        links.valid_from_date as owner_from_date,
        {{ utm_match_quality('ga4_orders', 'links') }} as match_quality
    from ga4_orders
    inner join links
        on
            ga4_orders.connection_id = links.shop_connection_id
            and ga4_orders.loose_campaign_key = links.loose_campaign_key
            and ga4_orders.loose_content_key = links.loose_content_key
            and {{ holds_on_day('links', 'ga4_orders.order_date') }}

),

ga4_sessions as (

    {{ best_matches(
        'session_candidates', ['connection_id', 'order_id'], ['campaign_id', 'link_id']
    ) | indent(4) }}

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
    inner join code_owners
        on
            answers.connection_id = code_owners.connection_id
            and answers.code_key = code_owners.code_key
            and answers.creator_handle_key is null
            and {{ holds_on_day('code_owners', 'answers.order_date') }}

),

-- A text that fits two creators names nobody. Who is in several campaigns of the shop is asked as a
-- member of the one that began last.
answers_ranked as (

    select
        *,
        row_number() over (
            partition by connection_id, order_id
            order by
                owner_from_date desc,
                {{ byte_order('campaign_id') }},
                {{ match_rank('match_quality') }},
                {{ byte_order('response_id') }} desc
        ) as answer_number,
        min(creator_id) over (partition by connection_id, order_id)
        = max(creator_id) over (partition by connection_id, order_id) as names_one
    from named_creators

),

survey_answers as (

    select
        connection_id,
        order_id,
        campaign_id,
        creator_id,
        'survey' as evidence_type,
        40 as evidence_rank,
        response_id as evidence_value,
        match_quality,
        owner_from_date
    from answers_ranked
    where names_one and answer_number = 1

),

undated as (

    select
        connection_id,
        order_id,
        campaign_id,
        creator_id,
        evidence_type,
        30 as evidence_rank,
        code_key as evidence_value,
        match_quality,
        owner_from_date
    from redeemed_codes
    where spelling_number = 1

    union all

    select
        connection_id,
        order_id,
        campaign_id,
        creator_id,
        'ga4_session' as evidence_type,
        10 as evidence_rank,
        evidence_value,
        match_quality,
        owner_from_date
    from ga4_sessions

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
