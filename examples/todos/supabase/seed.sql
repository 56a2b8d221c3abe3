-- Something to see after the first sign-in: Ada came in through the offline Clerk, Cleo through the offline WorkOS.
-- Their ids are those of the default people of `rowgate offline`; running this twice adds nothing.

with wanted (name, user_id) as (
  values
    ('Opening day', 'user_2YF5bqfpG5AHnobIt3lOXdgnfVT'),
    ('Greenhouse', 'user_01W824ECS1YBBC5M5FKRFZHTWC')
)
insert into public.lists (name, user_id)
select name, user_id from wanted
where not exists (select from public.lists where lists.name = wanted.name and lists.user_id = wanted.user_id);

with wanted (list, title, done, user_id) as (
  values
    ('Opening day', 'Hang the shop sign', true, 'user_2YF5bqfpG5AHnobIt3lOXdgnfVT'),
    ('Opening day', 'Order the poetry shelf', false, 'user_2YF5bqfpG5AHnobIt3lOXdgnfVT'),
    ('Greenhouse', 'Repot the juniper', false, 'user_01W824ECS1YBBC5M5FKRFZHTWC')
)
insert into public.todos (list_id, title, done, user_id)
select lists.id, wanted.title, wanted.done, wanted.user_id
from wanted
join public.lists on lists.name = wanted.list and lists.user_id = wanted.user_id
where not exists (select from public.todos where todos.title = wanted.title and todos.user_id = wanted.user_id);

with wanted (organization_id, title, author_id) as (
  values
    ('org_2Bvh3np13cV4Yg2cFhaTt1p9HOZ', 'Harbor Books opens on Saturday', 'user_2YF5bqfpG5AHnobIt3lOXdgnfVT'),
    ('org_01NEKHQ4DM2SCYDP7N0QM6Q7VH', 'Juniper Labs moves to the second floor', 'user_01W824ECS1YBBC5M5FKRFZHTWC')
)
insert into public.announcements (organization_id, title, author_id)
select organization_id, title, author_id from wanted
where not exists (select from public.announcements as existing where existing.title = wanted.title);
