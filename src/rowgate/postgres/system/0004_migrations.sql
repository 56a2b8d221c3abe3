-- left out: Migrations cannot be recorded: this login may not create the schema supabase_migrations.
-- An administrator lets it: GRANT CREATE ON DATABASE <database> TO <owner>;

-- Upstream's own record, so a project can go back and forth between the two command lines.
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
alter table supabase_migrations.schema_migrations add column if not exists statements text[];
alter table supabase_migrations.schema_migrations add column if not exists name text;
create table if not exists supabase_migrations.seed_files (path text not null primary key, hash text not null);
