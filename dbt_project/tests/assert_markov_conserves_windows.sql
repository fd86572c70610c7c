-- `markov` hands out what all attributed orders brought, under the reporting default rule version.
-- By loops the windows' view took minutes where a run had sums of many days to make.
{{ join_whole_tables_of_test() }}
with

attributed as (

    select
        coalesce(sum(credits.linear_amount), 0) as net_revenue_amount,
        coalesce(sum(credits.linear_share * credits.conversion_count), 0) as order_count
    from {{ ref('fct_attribution_credit') }} as credits
    cross join {{ ref('int_measure_run_facts') }} as facts
    where
        credits.order_class = 'kept'
        and credits.channel_type <> 'unattributed'
        and credits.rule_version = '{{ var("attribution_rule_versions")[0] }}'
        and credits.event_date <= facts.last_day
        and (select count(*) from {{ ref('mart_attribution_comparison') }}) >= 0

),

handed_out as (

    select
        coalesce(sum(net_revenue_amount), 0) as net_revenue_amount,
        coalesce(sum(credited_order_count), 0) as order_count
    from {{ ref('int_windows_credited') }}

)

select
    attributed.net_revenue_amount,
    handed_out.net_revenue_amount as handed_out_amount
from attributed
cross join handed_out
where
    attributed.net_revenue_amount <> handed_out.net_revenue_amount
    or abs(attributed.order_count - handed_out.order_count) > 0.000001
