select json_build_object('edges', coalesce(json_agg(json_build_object('node', json_build_object(
  'id', o.id::text, 'name', o.name, 'postsCollection', (
    select json_build_object('edges', coalesce(json_agg(json_build_object('node', json_build_object('id', i.id::text, 'title', i.title))), '[]'))
    from (select id, title from public.posts where feed_id = o.id order by id limit 5) i)))), '[]'))
from (select id, name from public.feeds order by id limit 30) o
