select json_build_object('edges', coalesce(json_agg(json_build_object('node', json_build_object(
  'id', o.id::text, 'placed_at', o.placed_at, 'itemsCollection', (
    select json_build_object('edges', coalesce(json_agg(json_build_object('node', json_build_object('id', i.id::text, 'name', i.name))), '[]'))
    from (select id, name from public.items where order_id = o.id order by id limit 5) i)))), '[]'))
from (select id, placed_at from public.orders order by id limit 30) o
