-- Who owns which schema. marts_v<n> are made by the transformer when it publishes.
revoke all on schema public from public;

create schema if not exists raw authorization loader;
create schema if not exists quarantine authorization loader;
create schema if not exists secrets authorization loader;
create schema if not exists staging authorization transformer;
create schema if not exists intermediate authorization transformer;
create schema if not exists core authorization transformer;
create schema if not exists analysis authorization transformer;
create schema if not exists marts_next authorization transformer;
create schema if not exists marts authorization transformer;
-- Written by both halves of the pipeline, so it belongs to neither.
create schema if not exists quality;
