-- The first run: what each creator's week is.
insert into analysis.credited_days
select campaign_id, creator_id, 'markov', metric_date, %(run)s, order_count, amount
from new_windows
