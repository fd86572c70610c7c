-- What needs a person's eye: one row per subject from its beginning to its end.
create table if not exists quality.alerts (
    alert_id bigint generated always as identity primary key,
    kind text not null,
    subject text not null,
    message text not null,
    page_path text not null,
    began_at timestamptz not null default clock_timestamp(),
    last_seen_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    sent_at timestamptz,
    sent_through text[] not null default '{}',
    check (began_at <= last_seen_at)
);
comment on table quality.alerts is
'One row per alert; a subject that ends and begins again gets another one.';
comment on column quality.alerts.sent_at
is 'When it was sent; NULL while no connection exists through which it could be.';
create unique index if not exists alerts_one_open on quality.alerts (kind, subject)
where ended_at is null;

grant insert, update, delete on quality.alerts to loader, transformer;
grant select on quality.alerts to loader, transformer, ui_reader;
