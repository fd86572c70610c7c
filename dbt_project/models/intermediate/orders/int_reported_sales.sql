-- One row per shop and business date: net sales by the shop's own report, ShopifyQL's or
-- WooCommerce's revenue report.
with

reports as (
    {% for model in ['stg_shopify__daily_sales', 'stg_woocommerce__daily_sales'] %}
    select
        connection_id,
        report_date,
        net_sales_amount
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (

    select
        connection_id,
        report_date,
        sum(net_sales_amount) as net_sales_amount
    from reports
    group by connection_id, report_date

)

select * from final
