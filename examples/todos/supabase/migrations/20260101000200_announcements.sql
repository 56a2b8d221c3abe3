-- What an organization tells its members: everyone in it reads, its admins write.

create table public.announcements (
  id bigint generated always as identity primary key,
  organization_id text not null default public.requesting_organization_id(),
  title text not null check (char_length(title) between 1 and 200),
  author_id text not null default public.requesting_user_id(),
  created_at timestamptz not null default now()
);

create index announcements_organization_id on public.announcements (organization_id);

alter table public.announcements enable row level security;

revoke all on public.announcements from anon, authenticated;
grant select, insert, update, delete on public.announcements to authenticated;
grant all on public.announcements to service_role;

create policy "Members read their organization's announcements" on public.announcements
  for select to authenticated
  using ((select public.requesting_organization_id()) = organization_id);

create policy "Admins announce in their own organization, under their own name" on public.announcements
  for insert to authenticated
  with check (
    (select public.requesting_organization_role()) = 'admin'
    and (select public.requesting_organization_id()) = organization_id
    and (select auth.jwt() ->> 'sub') = author_id
  );

create policy "Admins change their organization's announcements" on public.announcements
  for update to authenticated
  using (
    (select public.requesting_organization_role()) = 'admin'
    and (select public.requesting_organization_id()) = organization_id
  )
  with check (
    (select public.requesting_organization_role()) = 'admin'
    and (select public.requesting_organization_id()) = organization_id
  );

create policy "Admins delete their organization's announcements" on public.announcements
  for delete to authenticated
  using (
    (select public.requesting_organization_role()) = 'admin'
    and (select public.requesting_organization_id()) = organization_id
  );
