-- Rows to read and write in bulk: some 200 bytes each as JSON, 500,000 of them for 100 MB.
create table public.lines (id bigint primary key, name text not null, note text, amount numeric, made timestamptz not null);
insert into public.lines
  select g, 'line number ' || g, repeat(md5(g::text), 3), g / 7.0, '2026-01-01'::timestamptz + g * interval '1 minute'
  from generate_series(1, 500000) g;
create table public.taken (id bigint primary key, name text not null, note text, amount numeric, made timestamptz not null);
create table public.few (id int primary key, name text);
insert into public.few select g, 'few ' || g from generate_series(1, 10) g;
grant select on public.lines, public.few to anon;
grant select, insert, delete on public.taken to anon;
create function public.one_value(mib int) returns text language sql stable
  as $$ select string_agg(repeat(md5(n::text), 32 * 1024), '') from generate_series(1, mib) n $$;
grant execute on function public.one_value(int) to anon;
analyze public.lines;
