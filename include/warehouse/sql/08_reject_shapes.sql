-- What a rejected document looks like, without what it says: names, types and lengths, no value.
-- It runs with the loader's rights, since the reader of the pages may not see the payload itself.
create or replace function quarantine.payload_shape(wanted bigint)
returns table (place int [], path text, kind text, size bigint)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    document jsonb;
    written text;
begin
    select rejects.payload into written
    from quarantine.rejects as rejects where rejects.reject_id = wanted;
    if written is null then
        return;
    end if;
    begin
        document := written::jsonb;
    exception when data_exception or syntax_error_or_access_rule_violation or program_limit_exceeded
    then
        -- A page that is no JSON, or a document longer than what quarantine keeps.
        return query select '{}'::int [], '$'::text, 'text'::text, length(written)::bigint;
        return;
    end;
    return query
    with recursive walk as (
        select '{}'::int [] as place, '$'::text as path, document as value
        union all
        select walk.place || step.number::int, walk.path || step.name, step.value
        from walk
        cross join lateral (
            -- A name that is no plain word may itself be data: an address as a key.
            select
                case when entry.key ~ '^[A-Za-z_][A-Za-z0-9_]{0,62}$' then '.' || entry.key
                else '.…' end as name,
                entry.value,
                row_number() over () as number
            from jsonb_each(
                case when jsonb_typeof(walk.value) = 'object' then walk.value else '{}' end
            ) as entry
            union all
            select '[' || (item.number - 1) || ']', item.value, item.number
            from jsonb_array_elements(
                case when jsonb_typeof(walk.value) = 'array' then walk.value else '[]' end
            ) with ordinality as item (value, number)
            where item.number <= 3
        ) as step
        where cardinality(walk.place) < 6
    )
    select
        walk.place, walk.path, jsonb_typeof(walk.value),
        case jsonb_typeof(walk.value)
            when 'string' then length(walk.value #>> '{}')::bigint
            when 'array' then jsonb_array_length(walk.value)::bigint
        end
    from walk
    order by walk.place
    limit 300;
end
$$;
alter function quarantine.payload_shape(bigint) owner to loader;
comment on function quarantine.payload_shape(bigint)
is 'Names, types and lengths of what a reject holds; never a value.';
revoke all on function quarantine.payload_shape(bigint) from public;
grant execute on function quarantine.payload_shape(bigint) to ui_reader;
