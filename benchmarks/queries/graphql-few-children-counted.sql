with records as (select id, placed_at from public.orders order by id limit 30),
total(number) as materialized (select count(*) from public.orders)
select jsonb_build_object('edges', coalesce(jsonb_agg(jsonb_build_object('node', jsonb_build_object(
  'id', o.id::text, 'placed_at', o.placed_at, 'itemsCollection', (
    with records as (select id, name from public.items where order_id = o.id order by id limit 5),
    total(number) as materialized (select count(*) from public.items where order_id = o.id)
    select jsonb_build_object('edges', coalesce(jsonb_agg(jsonb_build_object('node', jsonb_build_object('id', i.id::text, 'name', i.name)) order by i.id), '[]'))
    from total left join records i on true))) order by o.id), '[]'))
from total left join records o on true
