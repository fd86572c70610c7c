"""The queries of the reports, over the schema `marts` alone.

Each returns one row per line of a table; its column names are the keys of `--json`. Placeholders:
campaign_id, model, rule_version, day (NULL of the last three means all).
"""

from __future__ import annotations

CAMPAIGNS = """
select campaign_id, campaign_name, attribution_model, rule_version, currency_code, as_of_date,
    is_final
from marts.mart_creator_scorecard
group by campaign_id, campaign_name, attribution_model, rule_version, currency_code, as_of_date,
    is_final
order by campaign_id
"""
MODELS = """
select attribution_model, rule_version from marts.mart_creator_attribution
where campaign_id = %(campaign_id)s
union
select attribution_model, rule_version from marts.mart_creator_scorecard
where campaign_id = %(campaign_id)s
order by attribution_model, rule_version
"""
DAYS = """
select min(order_date) as first_day, max(order_date) as last_day
from marts.mart_tracking_coverage where campaign_id = %(campaign_id)s
"""
# Intervals exist under the campaign's own rule version, for most models; else they are NULL.
_CREATORS = """
with creators as (
    select card.creator_id, card.creator_name, card.currency_code, card.cost_amount,
        card.committed_cost_amount,
        card.attribution_model = %(model)s and card.rule_version = %(rule_version)s as is_own,
        card.credited_order_count as own_order_count,
        card.net_revenue_amount as own_revenue_amount,
        card.roas_low as own_roas_low, card.roas_high as own_roas_high,
        coalesce(other.credited_order_count, 0) as other_order_count,
        coalesce(other.net_revenue_amount, 0) as other_revenue_amount,
        other.roas_low as other_roas_low, other.roas_high as other_roas_high
    from marts.mart_creator_scorecard as card
    left join marts.mart_creator_attribution as other
        on card.campaign_id = other.campaign_id and card.creator_id = other.creator_id
        and other.attribution_model = %(model)s and other.rule_version = %(rule_version)s
    where card.campaign_id = %(campaign_id)s
), chosen as (
    select creator_id, creator_name, currency_code, cost_amount, committed_cost_amount,
        case when is_own then own_order_count else other_order_count end as credited_order_count,
        case when is_own then own_revenue_amount else other_revenue_amount
        end as net_revenue_amount,
        case when is_own then own_roas_low else other_roas_low end as roas_low,
        case when is_own then own_roas_high else other_roas_high end as roas_high
    from creators
)
"""
SCORECARD = (
    _CREATORS
    + """
select creator_id, creator_name, currency_code, cost_amount, credited_order_count,
    net_revenue_amount, round(net_revenue_amount / nullif(cost_amount, 0), 6) as roas,
    roas_low, roas_high
from chosen
order by roas desc nulls last, net_revenue_amount desc, creator_id
"""
)
TOTALS = (
    _CREATORS
    + """
select count(*) as creator_count,
    count(*) filter (where credited_order_count > 0) as selling_creator_count,
    sum(committed_cost_amount) as committed_cost_amount, sum(cost_amount) as cost_amount,
    sum(credited_order_count) as credited_order_count,
    sum(net_revenue_amount) as net_revenue_amount,
    round(sum(net_revenue_amount) / nullif(sum(cost_amount), 0), 6) as roas,
    round(sum(cost_amount) / nullif(sum(credited_order_count), 0), 6) as cpa
from chosen
"""
)
BY_MODEL = """
with compared as (
    select attribution_model, rule_version, is_default_model,
        sum(credited_order_count) as credited_order_count,
        sum(net_revenue_amount) as net_revenue_amount,
        count(*) filter (where net_revenue_amount > 0) as selling_creator_count,
        (array_agg(creator_id order by revenue_rank, creator_id))[1] as top_creator_id
    from marts.mart_attribution_comparison
    where campaign_id = %(campaign_id)s
    group by attribution_model, rule_version, is_default_model
)
select compared.*, coalesce(card.creator_name, compared.top_creator_id) as top_creator_name
from compared
left join marts.mart_creator_scorecard as card
    on card.campaign_id = %(campaign_id)s and compared.top_creator_id = card.creator_id
order by compared.attribution_model, compared.rule_version
"""
GOALS = """
select goal_id, metric, unit, pacing_status, actual_value, target_value, projected_end_low,
    projected_end_value, projected_end_high
from marts.mart_campaign_pacing
where campaign_id = %(campaign_id)s
order by metric, goal_id
"""
PIECES = """
select deliverable_status, disclosure_status, count(*) as piece_count
from marts.mart_deliverable_status
where campaign_id = %(campaign_id)s
group by deliverable_status, disclosure_status
order by piece_count desc, deliverable_status, disclosure_status
"""
# A shop's days belong to every campaign that runs on them; the tie-out is the shop's. A campaign's
# days are those of its coverage: from its first to its last and the look-back, as far as measured.
SHOP_DAYS = """
    exists (
        select 1 from marts.mart_tracking_coverage as covered
        where covered.campaign_id = %(campaign_id)s
            and covered.connection_id = tied.connection_id
            and covered.order_date = tied.order_date
    )
"""
_CHOSEN_DAYS = f"""{SHOP_DAYS}
    and (%(day)s::date is null or tied.order_date = %(day)s)
"""
RECONCILIATION = f"""
select connection_id, attribution_model, count(distinct order_date) as day_count,
    sum(shop_net_sales_amount) as shop_amount,
    sum(attributed_amount) as creator_amount, sum(other_channel_amount) as other_amount,
    sum(direct_amount) as direct_amount, sum(unattributed_amount) as unattributed_amount,
    sum(abs(difference_amount)) as difference_amount
from marts.mart_attribution_reconciliation as tied
where {_CHOSEN_DAYS}
    and (%(model)s::text is null or attribution_model = %(model)s)
    and (%(rule_version)s::text is null or rule_version = %(rule_version)s)
group by connection_id, attribution_model
order by connection_id, attribution_model
"""
# One model stands for all: these figures repeat per model. Days without GA4 are left out.
GAPS = f"""
select connection_id, count(*) as day_count, sum(shop_net_sales_amount) as shop_amount,
    sum(ga4_purchase_amount) as ga4_amount,
    sum(cancelled_amount + refund_timing_amount) as refund_amount,
    sum(sales_channel_amount) as sales_channel_amount, sum(consent_amount) as consent_amount,
    sum(event_not_fired_amount) as event_amount,
    sum(difference_amount + time_zone_amount + duplicate_amount + value_basis_amount
        + currency_amount + test_order_amount) as other_amount,
    sum(unexplained_amount) as unexplained_amount
from marts.mart_attribution_reconciliation as tied
where {_CHOSEN_DAYS} and attribution_model = 'last_touch' and ga4_purchase_amount is not null
    and (%(rule_version)s::text is null or rule_version = %(rule_version)s)
group by connection_id
order by connection_id
"""
COVERAGE = """
select sum(order_count)::bigint as orders, sum(creator_order_count)::bigint as creator_orders,
    sum(link_only_order_count)::bigint as link_only,
    sum(code_only_order_count)::bigint as code_only,
    sum(link_and_code_order_count)::bigint as both,
    sum(survey_only_order_count)::bigint as survey_only,
    sum(untracked_order_count)::bigint as untracked,
    round(sum(consent_gap_order_count) / nullif(sum(online_known_order_count), 0), 6)
        as consent_gap,
    round(sum(ga4_missing_order_count) / nullif(sum(ga4_known_online_order_count), 0), 6)
        as ga4_gap
from marts.mart_tracking_coverage
where campaign_id = %(campaign_id)s and (%(day)s::date is null or order_date = %(day)s)
"""
CONTENT = """
with posts as (
    select platform, access_path, metric_definition_version, count(*) as post_count,
        sum(views_count)::bigint as views_count,
        sum(case when engagement_basic_count is not null then views_count end) as rated_count,
        sum(case when views_count is not null then engagement_basic_count end) as engaged_count,
        sum(link_click_count)::bigint as link_click_count
    from marts.mart_content_performance
    where campaign_id = %(campaign_id)s
    group by platform, access_path, metric_definition_version
)

select platform, access_path, metric_definition_version, post_count, views_count,
    round(engaged_count / nullif(rated_count, 0), 6) as engagement_rate, link_click_count
from posts
order by platform, access_path, metric_definition_version
"""
CREATOR_DAY = """
select creator_id, creator_name, attribution_model, currency_code, published_post_count,
    session_count, credited_order_count, net_revenue_by_order_date_amount,
    delivered_cost_amount, plan_events
from marts.mart_creator_campaign_daily
where campaign_id = %(campaign_id)s and metric_date = %(day)s and (
    published_post_count > 0 or session_count > 0 or credited_order_count <> 0
    or net_revenue_by_order_date_amount <> 0 or delivered_cost_amount <> 0
    or plan_events is not null
)
order by net_revenue_by_order_date_amount desc, creator_id
"""
SOURCES = """
select source, has_arrived, window_count, failed_window_count, skipped_window_count,
    read_row_count, rejected_row_count, failed_critical_count, failed_warning_count
from marts.mart_data_health
where health_date = %(day)s
order by source
"""
