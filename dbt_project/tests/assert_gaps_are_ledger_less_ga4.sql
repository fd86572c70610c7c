-- Per shop and day the gaps, whatever their cause, are the ledger less what GA4 shows, to the cent; so
-- the mart's rest is what the orders themselves leave unexplained.
with

gaps as (

    select
        connection_id,
        gap_date,
        sum(gap_amount) as gap_amount,
        sum(case when cause = 'unexplained' then gap_amount else 0 end) as unexplained_amount
    from {{ ref('int_ga4_gaps_caused') }}
    group by connection_id, gap_date

)

select
    tied.connection_id,
    tied.order_date
from {{ ref('mart_attribution_reconciliation') }} as tied
left join gaps
    on
        tied.connection_id = gaps.connection_id
        and tied.order_date = gaps.gap_date
where
    tied.ga4_purchase_amount is not null
    and (
        tied.warehouse_net_amount - tied.ga4_purchase_amount <> coalesce(gaps.gap_amount, 0)
        or tied.unexplained_amount <> coalesce(gaps.unexplained_amount, 0)
    )
