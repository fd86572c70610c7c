-- Per shop and day the gaps, whatever their cause, are the ledger less what GA4 shows, to the cent; so
-- the mart's rest is what the orders themselves leave unexplained.
{{ join_whole_tables_of_test() }}
select
    tied.connection_id,
    tied.order_date
from {{ ref('mart_attribution_reconciliation') }} as tied
left join {{ ref('int_ga4_days_compared') }} as gaps
    on
        tied.connection_id = gaps.connection_id
        and tied.order_date = gaps.order_date
where
    tied.ga4_purchase_amount is not null
    and (
        tied.warehouse_net_amount - tied.ga4_purchase_amount <> coalesce(gaps.gap_amount, 0)
        or tied.unexplained_amount <> coalesce(gaps.unexplained_gap_amount, 0)
    )
