"""The database an administrator made before Rowgate came: PostgREST's roles and one table under row-level security."""

PASSWORD = "plain"

ROLES = f"""
create role anon nologin;
create role authenticated nologin;
create role service_role nologin bypassrls;
create role authenticator login noinherit password '{PASSWORD}';
grant anon, authenticated to authenticator;
"""

NOTES = """
create table public.notes (
  id bigint generated always as identity primary key,
  batch text,
  body text not null,
  owner text not null default (current_setting('request.jwt.claims', true)::json ->> 'sub')
);
alter table public.notes enable row level security;
create policy "own rows" on public.notes to authenticated
  using (owner = (current_setting('request.jwt.claims', true)::json ->> 'sub'));
grant usage on schema public to anon, authenticated, service_role;
grant select, insert, update, delete on public.notes to authenticated, service_role;
grant select on public.notes to anon;
create function public.nap(seconds float) returns text language sql volatile
  as $$ select 'rested' from pg_sleep(seconds) $$;
"""

TWO_ROWS = "insert into public.notes (body, owner) values ('ana''s', 'ana'), ('ben''s', 'ben');"
