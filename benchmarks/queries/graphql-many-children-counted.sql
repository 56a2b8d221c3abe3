with records as (select id, name from public.feeds order by id limit 30),
total(number) as materialized (select count(*) from public.feeds)
select jsonb_build_object('edges', coalesce(jsonb_agg(jsonb_build_object('node', jsonb_build_object(
  'id', o.id::text, 'name', o.name, 'postsCollection', (
    with records as (select id, title from public.posts where feed_id = o.id order by id limit 5),
    total(number) as materialized (select count(*) from public.posts where feed_id = o.id)
    select jsonb_build_object('edges', coalesce(jsonb_agg(jsonb_build_object('node', jsonb_build_object('id', i.id::text, 'title', i.title)) order by i.id), '[]'))
    from total left join records i on true))) order by o.id), '[]'))
from total left join records o on true
