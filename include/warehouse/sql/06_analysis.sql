-- What the solve writes between the two dbt groups; marts read it, empty, from the start.
create table if not exists analysis.creator_estimates (
    campaign_id text not null,
    creator_id text not null,
    attribution_model text not null,
    rule_version text not null,
    estimated_order_count numeric not null,
    order_count_low numeric not null,
    order_count_high numeric not null,
    estimated_net_revenue_amount numeric,
    net_revenue_low numeric,
    net_revenue_high numeric,
    solve_id text not null,
    solved_at timestamptz not null,
    primary key (campaign_id, creator_id, attribution_model, rule_version)
);
alter table analysis.creator_estimates owner to transformer;
comment on table analysis.creator_estimates is
'Expected orders and net revenue per creator, model and rule version, with 90 % intervals.';
