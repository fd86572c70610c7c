-- One row per shop and business date: net sales and orders by the shop's own report, ShopifyQL's
-- or WooCommerce's revenue report.
with

reports as (
    {% for model in ['stg_shopify__daily_sales', 'stg_woocommerce__daily_sales'] %}
    select
        connection_id,
        report_date,
        net_sales_amount,
        order_count
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (

    select
        connection_id,
        report_date,
        sum(net_sales_amount) as net_sales_amount,
        sum(order_count) as order_count
    from reports
    group by connection_id, report_date

)

select * from final
