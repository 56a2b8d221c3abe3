-- Lists and their todos, each owned by the person who made it.

create table public.lists (
  id bigint generated always as identity primary key,
  name text not null check (char_length(name) between 1 and 200),
  user_id text not null default public.requesting_user_id(),
  created_at timestamptz not null default now()
);

create table public.todos (
  id bigint generated always as identity primary key,
  list_id bigint not null references public.lists (id) on delete cascade,
  title text not null check (char_length(title) between 1 and 500),
  done boolean not null default false,
  user_id text not null default public.requesting_user_id(),
  created_at timestamptz not null default now()
);

create index lists_user_id on public.lists (user_id);
create index todos_user_id on public.todos (user_id);
create index todos_list_id on public.todos (list_id);

alter table public.lists enable row level security;
alter table public.todos enable row level security;

-- Nothing is granted by habit: first everything away, then what the app uses.
revoke all on public.lists, public.todos from anon, authenticated;
grant select, insert, update, delete on public.lists, public.todos to authenticated;
grant all on public.lists, public.todos to service_role;

create policy "People read their own lists" on public.lists
  for select to authenticated
  using ((select auth.jwt() ->> 'sub') = user_id);

create policy "People add lists of their own" on public.lists
  for insert to authenticated
  with check ((select auth.jwt() ->> 'sub') = user_id);

create policy "People change their own lists and keep them" on public.lists
  for update to authenticated
  using ((select auth.jwt() ->> 'sub') = user_id)
  with check ((select auth.jwt() ->> 'sub') = user_id);

create policy "People delete their own lists" on public.lists
  for delete to authenticated
  using ((select auth.jwt() ->> 'sub') = user_id);

create policy "People read their own todos" on public.todos
  for select to authenticated
  using ((select auth.jwt() ->> 'sub') = user_id);

-- A foreign key is checked without policies, so a todo could point at a stranger's list by guessing its id. The
-- subquery runs under the policies of lists and sees only one's own.
create policy "People add todos of their own to lists of their own" on public.todos
  for insert to authenticated
  with check ((select auth.jwt() ->> 'sub') = user_id and list_id in (select id from public.lists));

create policy "People change their own todos and keep them" on public.todos
  for update to authenticated
  using ((select auth.jwt() ->> 'sub') = user_id)
  with check ((select auth.jwt() ->> 'sub') = user_id and list_id in (select id from public.lists));

create policy "People delete their own todos" on public.todos
  for delete to authenticated
  using ((select auth.jwt() ->> 'sub') = user_id);
