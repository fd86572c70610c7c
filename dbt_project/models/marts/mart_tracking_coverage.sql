with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

orders as (

    select
        campaigns.campaign_id,
        campaigns.lookback_days,
        campaigns.default_rule_version as rule_version,
        orders.*
    from campaigns
    inner join {{ ref('stg_campaign_plan__campaign_shops') }} as shops
        on campaigns.campaign_id = shops.campaign_id
    inner join {{ ref('fct_order') }} as orders
        on
            shops.shop_connection_id = orders.connection_id
            and campaigns.start_date <= orders.order_date
            and {{ days_after('campaigns.end_date', 'campaigns.lookback_days') }}
            >= orders.order_date
    cross join facts
    where orders.order_class <> 'test' and orders.order_date <= facts.last_day

),

evidence as (

    select
        orders.campaign_id,
        orders.connection_id,
        orders.order_id,
        max(
            case
                when touches.campaign_id = orders.campaign_id and {{ has_link_evidence('touches') }}
                    then 1
                else 0
            end
        ) as has_link,
        max(
            case
                when touches.campaign_id = orders.campaign_id and {{ has_code_evidence('touches') }}
                    then 1
                else 0
            end
        ) as has_code,
        max(
            case
                when
                    touches.campaign_id = orders.campaign_id
                    and {{ has_survey_evidence('touches') }}
                    then 1
                else 0
            end
        ) as has_survey,
        max(
            case
                when touches.campaign_id = orders.campaign_id and touches.channel_type = 'creator'
                    then 1
                else 0
            end
        ) as has_creator,
        max(case when touches.channel_type = 'other_channel' then 1 else 0 end) as has_other,
        max(case when touches.channel_type = 'direct' then 1 else 0 end) as has_direct
    from orders
    inner join {{ ref('fct_touchpoint') }} as touches
        on
            orders.connection_id = touches.connection_id
            and orders.order_id = touches.order_id
            and orders.rule_version = touches.rule_version
    where touches.is_in_window
    group by orders.campaign_id, orders.connection_id, orders.order_id

),

judged as (

    select
        orders.*,
        coalesce(evidence.has_link, 0) as has_link,
        coalesce(evidence.has_code, 0) as has_code,
        coalesce(evidence.has_survey, 0) as has_survey,
        coalesce(evidence.has_creator, 0) as has_creator,
        orders.sales_channel in {{ quoted_list(var('online_sales_channels')) }} as is_online,
        -- False while the shop computes the journey, NULL where it gives none.
        coalesce(orders.is_journey_ready, true) as is_journey_known,
        coalesce(orders.moment_count, 0) > 0 as has_visits,
        case
            when evidence.has_creator = 1 then 'creator'
            when evidence.has_other = 1 then 'other_channel'
            when evidence.has_direct = 1 then 'direct'
            else 'none'
        end as coverage
    from orders
    left join evidence
        on
            orders.campaign_id = evidence.campaign_id
            and orders.connection_id = evidence.connection_id
            and orders.order_id = evidence.order_id

),

counted as (

    select
        campaign_id,
        connection_id,
        order_date,
        count(*) as order_count,
        sum(case when coverage = 'creator' then 1 else 0 end) as creator_order_count,
        sum(has_link * (1 - has_code)) as link_only_order_count,
        sum(has_code * (1 - has_link)) as code_only_order_count,
        sum(has_link * has_code) as link_and_code_order_count,
        sum(has_survey * (1 - has_link) * (1 - has_code)) as survey_only_order_count,
        sum(has_creator * (1 - has_survey) * (1 - has_link) * (1 - has_code))
            as compromised_only_order_count,
        sum(case when coverage = 'other_channel' then 1 else 0 end) as other_channel_order_count,
        sum(case when coverage = 'direct' then 1 else 0 end) as direct_order_count,
        sum(case when coverage = 'none' then 1 else 0 end) as untracked_order_count,
        sum(case when is_journey_ready and moment_count > 0 then 1 else 0 end)
            as journey_order_count,
        sum(case when is_journey_ready and coalesce(moment_count, 0) = 0 then 1 else 0 end)
            as journey_empty_order_count,
        sum(case when is_journey_ready is null then 1 else 0 end) as journey_missing_order_count,
        sum(case when not is_journey_ready then 1 else 0 end) as journey_pending_order_count,
        sum(case when is_online then 1 else 0 end) as online_order_count,
        sum(case when is_online and is_journey_known then 1 else 0 end)
            as online_known_order_count,
        sum(case when is_online and is_journey_known and not has_visits then 1 else 0 end)
            as consent_gap_order_count,
        sum(case when is_online and ga4_transaction_id is null then 1 else 0 end)
            as ga4_missing_order_count,
        sum(case when ga4_transaction_id is not null then 1 else 0 end) as ga4_joined_order_count,
        max(ga4_transaction_id_format) as ga4_transaction_id_format
    from judged
    group by campaign_id, connection_id, order_date

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
        counted.ga4_missing_order_count,
        {{ rate_with_ends(
            'ga4_gap_rate', 'counted.ga4_missing_order_count', 'counted.online_order_count'
        ) }},
        counted.ga4_joined_order_count,
        {{ rate_with_ends(
            'ga4_join_rate', 'counted.ga4_joined_order_count', 'counted.order_count'
        ) }},
        counted.ga4_transaction_id_format,
        {{ days_after('counted.order_date', var('restatement_days')) }} <= facts.as_of_date
            as is_final,
        facts.sources_present,
        facts.as_of_date
    from counted
    cross join facts

)

select * from final
