-- What was loaded, what arrived, what was checked and what was published.
create table if not exists quality.schema_versions (
    version bigint generated always as identity primary key,
    content_hash text not null,
    applied_at timestamptz not null default clock_timestamp()
);

create table if not exists quality.load_windows (
    load_id bigint generated always as identity primary key,
    source text not null,
    stream text not null,
    connection_id text not null,
    partition_key text not null,
    window_start timestamptz not null,
    window_end timestamptz not null,
    run_id text not null,
    status text not null check (status in ('loaded', 'skipped')),
    reason text,
    pages_read int not null default 0,
    rows_read bigint not null default 0,
    rows_merged bigint not null default 0,
    rows_unchanged bigint not null default 0,
    rows_deleted bigint not null default 0,
    rows_rejected bigint not null default 0,
    drifted_fields text[] not null default '{}',
    landing_path text,
    captured_from timestamptz,
    captured_to timestamptz,
    captured_at_source text,
    started_at timestamptz not null,
    loaded_at timestamptz not null default clock_timestamp(),
    check (window_start <= window_end)
);
comment on table quality.load_windows is 'One row per stream, connection and load.';
comment on column quality.load_windows.drifted_fields is 'Fields the API sent and no struct names.';
create index if not exists load_windows_by_window
on quality.load_windows (source, stream, connection_id, partition_key);

create table if not exists quality.source_arrivals (
    source text not null,
    day date not null,
    arrived_at timestamptz not null default clock_timestamp(),
    run_id text not null,
    skipped_streams text[] not null default '{}',
    primary key (source, day)
);
comment on table quality.source_arrivals is 'The business dates whose window a source has passed.';

create table if not exists quality.measure_runs (
    measure_run_id bigint generated always as identity primary key,
    day date not null,
    as_of_date date,
    run_id text not null,
    status text not null default 'open'
    check (status in ('open', 'published', 'refused', 'failed', 'superseded')),
    sources_present text[] not null default '{}',
    sources_missing text[] not null default '{}',
    opened_at timestamptz not null default clock_timestamp(),
    closed_at timestamptz,
    version int
);
comment on table quality.measure_runs is 'One row per build of the marts, from opening to its end.';

create table if not exists quality.measure_run_loads (
    measure_run_id bigint not null references quality.measure_runs on delete cascade,
    load_id bigint not null references quality.load_windows on delete cascade,
    primary key (measure_run_id, load_id)
);
comment on table quality.measure_run_loads is 'The loads a measure run consumes, pinned when it opens.';
create index if not exists measure_run_loads_by_load on quality.measure_run_loads (load_id);

create table if not exists quality.publications (
    version int primary key,
    measure_run_id bigint not null references quality.measure_runs,
    marts jsonb not null,
    as_of_date date,
    published_at timestamptz not null default clock_timestamp(),
    is_current bool not null default false
);
comment on table quality.publications is 'One row per published version of the marts.';
create unique index if not exists publications_one_current
on quality.publications (is_current) where is_current;

create table if not exists quality.expectation_results (
    result_id bigint generated always as identity primary key,
    run_id text not null,
    partition_key text,
    suite text not null,
    source text,
    table_name text not null,
    expectation text not null,
    column_name text,
    severity text not null check (severity in ('critical', 'warning', 'info')),
    success bool not null,
    observed jsonb,
    element_count bigint,
    unexpected_count bigint,
    failing_rows_sql text,
    checked_at timestamptz not null default clock_timestamp()
);
comment on table quality.expectation_results is 'One row per expectation and check.';
create index if not exists expectation_results_by_run on quality.expectation_results (run_id, suite);
-- What the quality pages ask of years of results: a suite's newest day, and what ever failed.
create index if not exists expectation_results_by_day
on quality.expectation_results (suite, partition_key);
create index if not exists expectation_results_failed
on quality.expectation_results (result_id) where not success;
