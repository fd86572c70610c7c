-- The permission matrix; tests/integration/test_roles.py reads it back whole.
do $$
begin
    -- The database's name is not fixed in this file.
    execute format('revoke all on database %I from public', current_database());
    -- Loading stages rows in temporary tables, and so does dbt.
    execute format('grant connect, temporary on database %I to loader', current_database());
    -- Publication makes the schemas marts_v<n>.
    execute format(
        'grant connect, temporary, create on database %I to transformer', current_database()
    );
    execute format('grant connect on database %I to bi_reader, ui_reader', current_database());
    -- Analysts type table names without a schema.
    execute format('alter role bi_reader in database %I set search_path = marts', current_database());
end
$$;

-- raw: the loader's; the transformer reads every table, also those made later.
grant usage on schema raw to transformer;
grant select on all tables in schema raw to transformer;
alter default privileges for role loader in schema raw grant select on tables to transformer;

-- quality: each half writes its own tables, both read all.
grant usage on schema quality to loader, transformer, ui_reader;
grant select on all tables in schema quality to loader, transformer, ui_reader;
grant insert, update, delete on quality.load_windows, quality.source_arrivals to loader;
grant insert, update, delete on
quality.measure_runs, quality.measure_run_loads, quality.publications to transformer;
grant insert, update, delete on quality.expectation_results to loader, transformer;

-- quarantine: what was rejected and why, without what the row held.
grant usage on schema quarantine to ui_reader;
grant select (
    reject_id, source, stream, connection_id, partition_key, load_id, run_id, record_key, reason,
    landing_path, page_number, rejected_at, resolved_at, resolved_by_load_id
) on quarantine.rejects to ui_reader;

-- marts: views the transformer publishes.
grant usage on schema marts to bi_reader, ui_reader;
grant select on all tables in schema marts to bi_reader, ui_reader;
alter default privileges for role transformer in schema marts
grant select on tables to bi_reader, ui_reader;

-- A dashboard must neither run for ever nor hold a lock that keeps a publication waiting.
alter role bi_reader set default_transaction_read_only = on;
alter role bi_reader set statement_timeout = '60s';
alter role bi_reader set idle_in_transaction_session_timeout = '60s';
alter role bi_reader set lock_timeout = '5s';
alter role bi_reader set idle_session_timeout = '1h';
alter role bi_reader set work_mem = '32MB';
alter role bi_reader set max_parallel_workers_per_gather = 1;
-- A session may raise what stands above for itself; these two it may not.
alter role bi_reader connection limit 20;
do $$
begin
    -- What a query without a limit may spill to disk. Managed servers keep this right to themselves.
    alter role bi_reader set temp_file_limit = '1GB';
exception
    when insufficient_privilege then
        raise notice 'temp_file_limit of bi_reader is left to the server';
end
$$;
alter role ui_reader set default_transaction_read_only = on;
alter role ui_reader set statement_timeout = '30s';
-- dbt runs four models at once: workers of one statement take the cores from the others, and cost
-- more than they gather.
alter role transformer set max_parallel_workers_per_gather = 0;
