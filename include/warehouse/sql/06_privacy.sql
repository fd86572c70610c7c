-- Requests of persons, whom the erasure list names (HMACs only), and rotated tokens (sealed).
create table if not exists secrets.privacy_requests (
    request_id bigint generated always as identity primary key,
    request_key text not null,
    connection_id text not null,
    topic text not null
    check (topic in ('customers/redact', 'customers/data_request', 'shop/redact')),
    origin text not null check (origin in ('webhook', 'file')),
    requested_at timestamptz not null,
    due_at timestamptz not null,
    entered_at timestamptz not null default clock_timestamp(),
    applied_at timestamptz,
    done_at timestamptz,
    touched jsonb not null default '{}',
    unique (request_key, connection_id)
);
alter table secrets.privacy_requests owner to loader;
comment on table secrets.privacy_requests is 'One row per request and connection; never deleted.';
comment on column secrets.privacy_requests.request_key
is 'Keyed hash of the request: its file comes once.';
comment on column secrets.privacy_requests.touched is 'Rows and pages changed, by table.';

create table if not exists secrets.erased_subjects (
    connection_id text not null,
    identity text not null,
    token text not null,
    request_id bigint not null references secrets.privacy_requests,
    primary key (connection_id, identity)
);
alter table secrets.erased_subjects owner to loader;
comment on table secrets.erased_subjects is 'The erasure list: what may never come back.';
comment on column secrets.erased_subjects.identity
is 'HMAC of a customer id, e-mail address or phone number; * is everybody of the connection.';
comment on column secrets.erased_subjects.token
is 'What stands in place of the values; for * the salt that made them, until the request is done.';

create table if not exists secrets.oauth_token (
    connection_id text primary key,
    sealed bytea,
    expires_at timestamptz,
    refreshed_at timestamptz
);
alter table secrets.oauth_token owner to loader;
alter table secrets.oauth_token add column if not exists refresh_expires_at timestamptz;
comment on table secrets.oauth_token
is 'Tokens that rotate, sealed with a key the database never has.';
comment on column secrets.oauth_token.expires_at is 'When the access token is to be renewed.';
comment on column secrets.oauth_token.refresh_expires_at
is 'When only a person can renew it; of several accounts the first. NULL: the API does not say.';

-- Who waits for what until when; it says nothing about the person.
create or replace view quality.privacy_requests as
select
    request_id,
    connection_id,
    topic,
    origin,
    requested_at,
    due_at,
    applied_at,
    done_at,
    touched
from secrets.privacy_requests;
grant select on quality.privacy_requests to loader, transformer, ui_reader;
