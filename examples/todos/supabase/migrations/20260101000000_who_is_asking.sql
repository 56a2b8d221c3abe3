-- Who is asking, read from the verified token. Policies call these inside (select …), so that each runs once per
-- statement instead of once per row.

-- The signed-in person's id as text: `user_…` of Clerk and WorkOS is no UUID, so auth.uid() cannot hold it.
create function public.requesting_user_id() returns text
  language sql stable
  set search_path = ''
as $$
  select nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')
$$;

-- The active organization: `o.id` in Clerk's v2 tokens, `org_id` in Clerk's v1 tokens and in WorkOS's. Null without one.
create function public.requesting_organization_id() returns text
  language sql stable
  set search_path = ''
as $$
  select case jsonb_typeof(claims -> 'o')
    when 'object' then claims -> 'o' ->> 'id'
    else claims ->> 'org_id'
  end
  from (select auth.jwt() as claims) as token
$$;

-- The person's role in that organization as a bare slug (`admin`), from the same shape the id comes from:
-- Clerk v2 `o.rol`; Clerk v1 `org_role`, which carries the prefix `org:`; WorkOS `user_role` where a JWT template moved
-- it there, else `role`.
create function public.requesting_organization_role() returns text
  language sql stable
  set search_path = ''
as $$
  select case
    when jsonb_typeof(claims -> 'o') = 'object' then claims -> 'o' ->> 'rol'
    when claims ? 'org_role' then regexp_replace(claims ->> 'org_role', '^org:', '')
    when claims ? 'org_id' then coalesce(claims ->> 'user_role', claims ->> 'role')
  end
  from (select auth.jwt() as claims) as token
$$;

-- Whether the second factor was passed in this session. Clerk's `fva` is [minutes since the first factor, minutes since
-- the second or -1]; a token without it, or with anything else in its place, has passed nothing. The comparison never
-- gives null: `null <> '-1'` inside a policy would still refuse, but inside `not (…)` it would not.
create function public.passed_second_factor() returns boolean
  language sql stable
  set search_path = ''
as $$
  select coalesce(auth.jwt() -> 'fva' ->> 1 ~ '^[0-9]+$', false)
$$;

revoke execute on function
  public.requesting_user_id(),
  public.requesting_organization_id(),
  public.requesting_organization_role(),
  public.passed_second_factor()
from public;

grant execute on function
  public.requesting_user_id(),
  public.requesting_organization_id(),
  public.requesting_organization_role(),
  public.passed_second_factor()
to authenticated, service_role;
