-- What the lift estimates write between the two dbt groups: did a campaign add sales at all?
create table if not exists analysis.lift_estimates (
    campaign_id text not null,
    measure text not null check (measure in ('net_sales', 'orders', 'sessions')),
    lift_method text not null check (lift_method in ('before_campaign', 'geo_split')),
    experiment_id text not null,
    smallest_detectable_rate numeric,
    verdict text not null check (verdict in ('measured', 'not measurable', 'cannot be told')),
    lift_rate numeric,
    lift_low numeric,
    lift_high numeric,
    expected_value numeric,
    actual_value numeric,
    placebo_p numeric,
    before_day_count bigint not null,
    campaign_day_count bigint not null,
    event_day_count bigint not null,
    controls text,
    unavailable_reason text,
    solve_id text not null,
    solved_at timestamptz not null,
    primary key (campaign_id, measure, lift_method, experiment_id)
);
alter table analysis.lift_estimates owner to transformer;
comment on table analysis.lift_estimates is
'Counterfactual lift per campaign, measure, method and experiment, the smallest detectable first.';
