-- Rows that did not fit, with the reason; `payload` may hold what a person typed.
create table if not exists quarantine.rejects (
    reject_id bigint generated always as identity primary key,
    source text not null,
    stream text not null,
    connection_id text not null,
    partition_key text not null,
    load_id bigint,
    run_id text not null,
    record_key text,
    reason text not null,
    payload text,
    landing_path text,
    page_number int,
    rejected_at timestamptz not null default clock_timestamp(),
    resolved_at timestamptz,
    resolved_by_load_id bigint
);
alter table quarantine.rejects owner to loader;
comment on table quarantine.rejects is 'One row per document that could not be loaded.';
create index if not exists rejects_unresolved
on quarantine.rejects (source, stream, connection_id, record_key) where resolved_at is null;
