-- left out: New tables in schema public are not opened to anon, authenticated and service_role by themselves: the schema
-- held tables before Rowgate came, or belongs to somebody else. Grant what each role may do on each table.

-- As in every Supabase project: whatever the owner creates in public is open to the three roles, and row-level security
-- decides about the rows. In a database that somebody filled before, such a promise would open the next table of an
-- application that never heard of it; there it is left out, unless the promise has been made already.
do $$
declare
  promised boolean := exists (
    select from pg_default_acl d
    where d.defaclrole = current_user::regrole and d.defaclnamespace = 'public'::regnamespace and d.defaclobjtype = 'r'
  );
  filled boolean := exists (
    select from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  );
begin
  if promised then
    return;
  end if;
  if filled then
    raise insufficient_privilege using message = 'schema public already holds tables';
  end if;
  grant usage on schema public to anon, authenticated, service_role;
  alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
  alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
  alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
  if not has_schema_privilege('anon', 'public', 'usage') then  -- GRANT without the right to it is only a warning
    raise insufficient_privilege using message = 'schema public belongs to somebody else';
  end if;
end
$$;
