with records as (select id, name from public.projects order by id limit 5),
total(number) as materialized (select count(*) from public.projects)
select jsonb_build_object('edges', coalesce(jsonb_agg(jsonb_build_object('node', jsonb_build_object(
  'id', p.id::text, 'name', p.name, 'tasksCollection', (
    with records as (select id, name from public.tasks where project_id = p.id order by id limit 30),
    total(number) as materialized (select count(*) from public.tasks where project_id = p.id)
    select jsonb_build_object('edges', coalesce(jsonb_agg(jsonb_build_object('node', jsonb_build_object(
      'id', t.id::text, 'name', t.name, 'commentsCollection', (
        with records as (select id, body from public.comments where task_id = t.id order by id limit 30),
        total(number) as materialized (select count(*) from public.comments where task_id = t.id)
        select jsonb_build_object('edges', coalesce(jsonb_agg(jsonb_build_object('node', jsonb_build_object('id', c.id::text, 'body', c.body)) order by c.id), '[]'))
        from total left join records c on true))) order by t.id), '[]'))
    from total left join records t on true))) order by p.id), '[]'))
from total left join records p on true
