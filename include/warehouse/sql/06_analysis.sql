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
-- Rows of before have no hash, so the next run replaces them.
alter table analysis.creator_estimates add column if not exists input_key text;
alter table analysis.creator_estimates owner to transformer;
comment on table analysis.creator_estimates is
'Expected orders and net revenue per creator, model and rule version, with 90 % intervals.';
comment on column analysis.creator_estimates.input_key
is 'Hash of what the campaign was estimated from: equal means nothing to solve.';

-- Rates have no model but the campaign's own, and clicks come long after the last order: their rows
-- are kept by a hash of their own.
create table if not exists analysis.rate_estimates (
    campaign_id text not null,
    creator_id text not null,
    estimated_cvr_session numeric,
    cvr_session_low numeric,
    cvr_session_high numeric,
    estimated_orders_per_click numeric,
    orders_per_click_low numeric,
    orders_per_click_high numeric,
    solve_id text not null,
    input_key text not null,
    solved_at timestamptz not null,
    primary key (campaign_id, creator_id)
);
alter table analysis.rate_estimates owner to transformer;
comment on table analysis.rate_estimates is
'Purchases per session and orders per click of each creator, drawn to the campaign, with 90 % intervals.';
comment on column analysis.rate_estimates.input_key
is 'Hash of what the campaign was estimated from: equal means nothing to solve.';

-- One row per solve of a campaign's week. The newest published one is served; a frozen one is
-- followed only by an explicit refit.
create table if not exists analysis.markov_solves (
    solve_id text primary key,
    campaign_id text not null,
    week_start_date date not null,
    attribution_model text not null
    check (attribution_model in ('markov', 'markov_converting_only')),
    path_count bigint not null,
    conversion_count bigint not null,
    null_count bigint not null,
    net_revenue_amount numeric not null,
    observed_rate double precision,
    p_conversion double precision,
    input_key text not null,
    is_frozen bool not null,
    solve_reason text not null check (solve_reason in ('open_week', 'week_closed', 'model_refit')),
    replaced_solve_id text,
    measure_run_id bigint not null,
    solved_at timestamptz not null default clock_timestamp(),
    unique (campaign_id, week_start_date, measure_run_id)
);
alter table analysis.markov_solves owner to transformer;
comment on table analysis.markov_solves is 'One row per campaign, week and measure run that solved it.';
comment on column analysis.markov_solves.observed_rate
is 'Orders over all paths of the week; the chain must convert as often (p_conversion).';
comment on column analysis.markov_solves.input_key is 'Hash of the paths: equal means nothing to solve.';

create table if not exists analysis.markov_removal_effects (
    solve_id text not null references analysis.markov_solves on delete cascade,
    channel text not null,
    removal_effect double precision not null,
    markov_share double precision not null,
    markov_share_low double precision,
    markov_share_high double precision,
    primary key (solve_id, channel)
);
alter table analysis.markov_removal_effects owner to transformer;
comment on table analysis.markov_removal_effects is
'Removal effect and share of a channel in a solve, with the 90 % interval of the share.';

create table if not exists analysis.markov_refits (
    refit_id bigint generated always as identity primary key,
    campaign_id text not null,
    week_start_date date not null,
    requested_at timestamptz not null default clock_timestamp(),
    request_reason text not null,
    solve_id text references analysis.markov_solves on delete set null
);
alter table analysis.markov_refits owner to transformer;
comment on table analysis.markov_refits is 'Frozen weeks somebody asked to have solved again.';
comment on column analysis.markov_refits.solve_id is 'The solve that answered; NULL while it waits.';

-- What each publication said, kept so that the next one can say what changed and why. Rows carry the
-- run that wrote them; those of runs that did not publish are dropped by the next run.
create table if not exists analysis.rebuilt_orders (
    connection_id text not null,
    order_id text not null,
    seen_by_run bigint,
    primary key (connection_id, order_id)
);
alter table analysis.rebuilt_orders owner to transformer;
comment on table analysis.rebuilt_orders is
'Orders whose facts were rebuilt since the last publication; dbt adds them.';

-- Days some order of which was rebuilt: every order's day before and after. A table that keeps sums by day
-- reads the notes it has not read yet, in the transaction in which it works these days out again: whatever
-- run fails, is taken back or never publishes, no note is lost and none is read too early.
create table if not exists analysis.rebuilt_days (
    note_id bigint generated always as identity primary key,
    connection_id text not null,
    order_date date not null
);
alter table analysis.rebuilt_days owner to transformer;
comment on table analysis.rebuilt_days is
'Business days of orders whose facts were rebuilt, as often as it happened; dbt adds them.';

create table if not exists analysis.day_readers (
    model_name text primary key,
    from_note_id bigint,
    to_note_id bigint not null
);
alter table analysis.day_readers owner to transformer;
comment on table analysis.day_readers is
'Up to which note each table of sums by day was brought up to date, and from which by its last build.';

-- Whose identity the measure run works out anew; the notes of a run that did not publish stay until one
-- has that noted them too. An address is the one a shop's customer has now.
create table if not exists analysis.restitched (
    measure_run_id bigint,
    node_type text not null check (node_type in ('everything', 'order', 'identity', 'visitor')),
    connection_id text,
    node_id text,
    email_key text,
    linked_at timestamptz
);
alter table analysis.restitched owner to transformer;
comment on table analysis.restitched is
'Orders, identities and visitors connected with what the open run loaded; dbt writes them.';

create table if not exists analysis.restated_runs (
    measure_run_id bigint primary key,
    previous_run_id bigint,
    last_day date not null,
    as_of_date date,
    previous_last_day date,
    settings_key text not null,
    plan_key text not null,
    attribution_models text[] not null,
    measured_at timestamptz not null default clock_timestamp()
);
alter table analysis.restated_runs owner to transformer;
comment on table analysis.restated_runs is
'One row per measure run: the publication it is compared with, and what it was built with.';

create table if not exists analysis.order_states (
    measure_run_id bigint not null,
    connection_id text not null,
    order_id text not null,
    order_class text not null,
    customer_id text,
    path_key text not null,
    last_entry_date date,
    entries jsonb not null,
    credit jsonb not null,
    primary key (connection_id, order_id, measure_run_id)
);
alter table analysis.order_states owner to transformer;
create index if not exists order_states_by_entry on analysis.order_states (last_entry_date);
comment on table analysis.order_states is
'An order as a publication counted it; the newest row of a published run is in force.';
comment on column analysis.order_states.entries is 'Net revenue by business date.';
comment on column analysis.order_states.credit is
'Per date, campaign and creator: orders and money by model (* is all), under the campaign''s rule.';

create table if not exists analysis.restated_orders (
    measure_run_id bigint not null,
    connection_id text not null,
    order_id text not null,
    campaign_id text not null,
    creator_id text not null,
    attribution_model text not null,
    metric_date date not null,
    cause text not null,
    old_order_count numeric not null,
    new_order_count numeric not null,
    old_net_revenue_amount numeric not null,
    new_net_revenue_amount numeric not null,
    primary key (
        measure_run_id, creator_id, campaign_id, metric_date, attribution_model, connection_id, order_id
    )
);
alter table analysis.restated_orders owner to transformer;
comment on table analysis.restated_orders is
'What each order changed in a creator''s day, and why; kept for the newest two weeks.';

create table if not exists analysis.credited_days (
    campaign_id text not null,
    creator_id text not null,
    attribution_model text not null,
    metric_date date not null,
    measure_run_id bigint not null,
    credited_order_count numeric not null,
    net_revenue_amount numeric not null,
    primary key (campaign_id, creator_id, attribution_model, metric_date, measure_run_id)
);
alter table analysis.credited_days owner to transformer;
comment on table analysis.credited_days is
'A creator''s day as published; the newest row of a published run is in force.';

create table if not exists analysis.restatements (
    measure_run_id bigint not null references analysis.restated_runs on delete cascade,
    campaign_id text not null,
    creator_id text not null,
    attribution_model text not null,
    metric_date date not null,
    cause text not null,
    order_count bigint not null,
    old_order_count numeric not null,
    new_order_count numeric not null,
    order_count_difference numeric not null,
    old_net_revenue_amount numeric not null,
    new_net_revenue_amount numeric not null,
    net_revenue_difference_amount numeric not null,
    primary key (measure_run_id, campaign_id, creator_id, attribution_model, metric_date, cause)
);
alter table analysis.restatements owner to transformer;
comment on table analysis.restatements is
'What a run changed in published days, by cause; marts.mart_restatements shows it.';
