-- The first run: what each creator's day is.
insert into analysis.credited_days
select
    parts.part ->> 1, parts.part ->> 2, names.attribution_model, (parts.part ->> 0)::date, %(run)s,
    sum((models.value ->> 0)::numeric), sum((models.value ->> 1)::numeric)
from new_states as states
cross join lateral jsonb_array_elements(states.credit) as parts (part)
cross join lateral jsonb_each(parts.part -> 3) as models
inner join (
    select unnest(attribution_models) as attribution_model
    from analysis.restated_runs where measure_run_id = %(run)s
) as names on models.key in ('*', names.attribution_model)
where (parts.part ->> 0)::date <= %(last_day)s
group by 1, 2, 3, 4
