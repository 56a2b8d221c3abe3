-- left out: Changes of tables and functions are not noticed by themselves: event triggers need a superuser here. After a
-- change, run: NOTIFY pgrst, 'reload schema';

-- PostgREST's own channel and payload, so tools that already send it keep working. Temporary objects are nobody's
-- business: without that exception every CREATE TEMP TABLE would reload the catalog.
create function rowgate.notify_ddl() returns event_trigger language plpgsql as $$
begin
  if exists (
    select from pg_event_trigger_ddl_commands() c
    where c.command_tag in (
        'CREATE SCHEMA', 'ALTER SCHEMA',
        'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE',
        'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE',
        'CREATE VIEW', 'ALTER VIEW', 'CREATE MATERIALIZED VIEW', 'ALTER MATERIALIZED VIEW',
        'CREATE FUNCTION', 'ALTER FUNCTION', 'CREATE PROCEDURE', 'ALTER PROCEDURE', 'CREATE ROUTINE', 'ALTER ROUTINE',
        'CREATE TRIGGER', 'CREATE RULE', 'CREATE TYPE', 'ALTER TYPE', 'CREATE DOMAIN', 'ALTER DOMAIN', 'CREATE CAST',
        'CREATE POLICY', 'ALTER POLICY', 'CREATE INDEX', 'CREATE EXTENSION', 'ALTER EXTENSION',
        'GRANT', 'REVOKE', 'COMMENT', 'SECURITY LABEL', 'IMPORT FOREIGN SCHEMA'
      )
      and c.schema_name is distinct from 'pg_temp'
  ) then
    notify pgrst, 'reload schema';
  end if;
end
$$;

create function rowgate.notify_drop() returns event_trigger language plpgsql as $$
begin
  if exists (
    select from pg_event_trigger_dropped_objects() d
    where not d.is_temporary
      and d.object_type in (
        'schema', 'table', 'foreign table', 'view', 'materialized view', 'table column', 'table constraint',
        'function', 'procedure', 'trigger', 'rule', 'type', 'domain', 'cast', 'policy', 'index', 'extension'
      )
  ) then
    notify pgrst, 'reload schema';
  end if;
end
$$;

create event trigger rowgate_ddl on ddl_command_end execute function rowgate.notify_ddl();
create event trigger rowgate_drop on sql_drop execute function rowgate.notify_drop();
