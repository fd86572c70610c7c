-- One row per visit of an affected order, as the order's shop tells it: every visit of Shopify's
-- journey, the last one of WooCommerce's attribution. Each shop is joined by itself, so that a few
-- orders are looked up by their keys; what is read of the order comes along, for a second join
-- would leave the planner guessing how many visits there are.
{%- set columns = [
    'connection_id', 'order_id', 'visit_id', 'occurred_at', 'landing_page_url', 'landing_path',
    'referrer_url', 'referrer_source', 'referrer_type', 'utm_source_key', 'utm_medium_key',
    'utm_campaign_key', 'utm_content_key', 'utm_campaign', 'utm_content',
] %}

with

affected as (

    select * from {{ ref('int_orders_affected') }}

),

visits as (
    {% for model in ['stg_shopify__order_moments', 'int_woocommerce_visits'] %}
    select
        {%- for column in columns %}
        moments.{{ column }},
        {%- endfor %}
        moments.load_id,
        affected.ordered_at,
        affected.business_timezone,
        affected.has_every_rule_version
    from affected
    inner join {{ ref(model) }} as moments
        on
            affected.connection_id = moments.connection_id
            and affected.order_id = moments.order_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from visits
