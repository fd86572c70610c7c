with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

covered as (

    select * from {{ ref('int_orders_covered') }}

),

ga4_days as (

    select
        connection_id,
        order_date
    from {{ ref('int_ga4_days_compared') }}

),

-- What GA4 holds of a day it was not read for is not known.
counted as (

    select
        covered.*,
        ga4_days.order_date is not null as is_ga4_read,
        case when ga4_days.order_date is not null then covered.order_count end
            as ga4_known_order_count,
        case when ga4_days.order_date is not null then covered.online_order_count end
            as ga4_known_online_order_count
    from covered
    left join ga4_days
        on
            covered.connection_id = ga4_days.connection_id
            and covered.order_date = ga4_days.order_date

),

final as (

    select
        counted.campaign_id,
        counted.connection_id,
        counted.order_date,
        counted.order_count,
        counted.creator_order_count,
        counted.link_only_order_count,
        counted.code_only_order_count,
        counted.link_and_code_order_count,
        counted.survey_only_order_count,
        counted.compromised_only_order_count,
        counted.other_channel_order_count,
        counted.direct_order_count,
        counted.untracked_order_count,
        {{ rate_with_ends(
            'creator_coverage_rate', 'counted.creator_order_count', 'counted.order_count'
        ) }},
        {{ rate_with_ends(
            'any_touch_rate',
            '(counted.order_count - counted.untracked_order_count)',
            'counted.order_count'
        ) }},
        {%- for kind in ['link_only', 'code_only', 'link_and_code', 'survey_only', 'untracked'] %}
        {{ rate_with_ends(
            kind ~ '_rate', 'counted.' ~ kind ~ '_order_count', 'counted.order_count'
        ) }},
        {%- endfor %}
        counted.journey_order_count,
        counted.journey_empty_order_count,
        counted.journey_missing_order_count,
        counted.journey_pending_order_count,
        counted.online_order_count,
        counted.online_known_order_count,
        counted.consent_gap_order_count,
        {{ rate_with_ends(
            'consent_gap_rate',
            'counted.consent_gap_order_count',
            'counted.online_known_order_count'
        ) }},
        counted.ga4_known_order_count,
        counted.ga4_known_online_order_count,
        case when counted.is_ga4_read then counted.ga4_missing_order_count end
            as ga4_missing_order_count,
        {{ rate_with_ends(
            'ga4_gap_rate', 'counted.ga4_missing_order_count', 'counted.ga4_known_online_order_count'
        ) }},
        case when counted.is_ga4_read then counted.ga4_joined_order_count end
            as ga4_joined_order_count,
        {{ rate_with_ends(
            'ga4_join_rate', 'counted.ga4_joined_order_count', 'counted.ga4_known_order_count'
        ) }},
        counted.ga4_transaction_id_format,
        {{ days_after('counted.order_date', var('restatement_days')) }} <= facts.as_of_date
            as is_final,
        facts.sources_present,
        facts.as_of_date
    from counted
    cross join facts
    where counted.order_date <= facts.last_day

)

select * from final
