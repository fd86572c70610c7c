-- Per ledger entry and rule version the shares of markov_path sum to 1 and its cents to the entry.
select
    chained.connection_id,
    chained.order_id,
    chained.event_date,
    chained.rule_version
from {{ ref('int_credits_chained') }} as chained
-- Named so that the test runs after the solve as well.
where (select count(*) from {{ ref('mart_attribution_comparison') }}) >= 0
group by chained.connection_id, chained.order_id, chained.event_date, chained.rule_version
having
    sum(chained.credit_amount) <> max(chained.entry_net_amount)
    or abs(sum(chained.credit_share) - 1) > 0.000000001
