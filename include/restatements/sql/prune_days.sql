delete from analysis.credited_days as old
where exists (
    select from analysis.credited_days as newer
    where
        newer.campaign_id = old.campaign_id and newer.creator_id = old.creator_id
        and newer.attribution_model = old.attribution_model
        and newer.metric_date = old.metric_date
        and newer.measure_run_id > old.measure_run_id
        and newer.measure_run_id <= %(previous_run)s
)
