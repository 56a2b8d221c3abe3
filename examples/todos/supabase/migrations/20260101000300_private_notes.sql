-- Notes worth a second factor: one's own, and only in a session that has passed it.

create table public.private_notes (
  id bigint generated always as identity primary key,
  body text not null check (char_length(body) between 1 and 10000),
  user_id text not null default public.requesting_user_id(),
  created_at timestamptz not null default now()
);

create index private_notes_user_id on public.private_notes (user_id);

alter table public.private_notes enable row level security;

revoke all on public.private_notes from anon, authenticated;
grant select, insert, update, delete on public.private_notes to authenticated;
grant all on public.private_notes to service_role;

create policy "People use their own notes" on public.private_notes
  for all to authenticated
  using ((select auth.jwt() ->> 'sub') = user_id)
  with check ((select auth.jwt() ->> 'sub') = user_id);

-- Restrictive: it grants nothing by itself and must hold beside every other policy, also ones added later.
create policy "Only after a second factor" on public.private_notes
  as restrictive
  for all to authenticated
  using ((select public.passed_second_factor()))
  with check ((select public.passed_second_factor()));
