-- left out: The functions auth.uid(), auth.role(), auth.email() and auth.jwt() are missing: this login may not create them.
-- An administrator lets it: GRANT CREATE ON DATABASE <database> TO <owner>;

-- What policies call. A database that comes from Supabase has schema and functions already, owned by its own Auth
-- server: what exists is left exactly as it is.
--
-- Two settings are read, as upstream does: request.jwt.claim.<name>, which PostgREST before version 9 set for each claim,
-- and request.jwt.claims, the whole document. An empty string counts as not set: that is what a setting of an ended
-- transaction leaves behind.

do $$
begin
  if to_regnamespace('auth') is null then
    create schema auth;
    grant usage on schema auth to anon, authenticated, service_role;
  end if;
  if to_regnamespace('extensions') is null then
    create schema extensions;
    grant usage on schema extensions to anon, authenticated, service_role;
  end if;

  if to_regprocedure('auth.jwt()') is null then
    create function auth.jwt() returns jsonb language sql stable as $body$
      select coalesce(
        nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')
      )::jsonb
    $body$;
    comment on function auth.jwt() is 'The claims of the token the request came with (Rowgate).';
  end if;

  if to_regprocedure('auth.uid()') is null then
    create function auth.uid() returns uuid language sql stable as $body$
      select coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
      )::uuid
    $body$;
    comment on function auth.uid() is 'The subject as a UUID; auth.jwt() ->> ''sub'' for subjects that are text (Rowgate).';
  end if;

  if to_regprocedure('auth.role()') is null then
    create function auth.role() returns text language sql stable as $body$
      select coalesce(
        nullif(current_setting('request.jwt.claim.role', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
      )
    $body$;
    comment on function auth.role() is 'The role claim of the token the request came with (Rowgate).';
  end if;

  if to_regprocedure('auth.email()') is null then
    create function auth.email() returns text language sql stable as $body$
      select coalesce(
        nullif(current_setting('request.jwt.claim.email', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
      )
    $body$;
    comment on function auth.email() is 'The email claim of the token the request came with (Rowgate).';
  end if;
end
$$;
