-- Every run drops what the newest publication before it replaced, in the transaction that compares with
-- it: older publications have nothing left to replace.
delete from analysis.credited_days as old
using analysis.credited_days as newer
where
    newer.measure_run_id = %(previous_run)s
    and newer.campaign_id = old.campaign_id and newer.creator_id = old.creator_id
    and newer.attribution_model = old.attribution_model
    and newer.metric_date = old.metric_date
    and newer.measure_run_id > old.measure_run_id
