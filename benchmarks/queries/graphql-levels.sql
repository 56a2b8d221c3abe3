select json_build_object('edges', coalesce(json_agg(json_build_object('node', json_build_object(
  'id', p.id::text, 'name', p.name, 'tasksCollection', (
    select json_build_object('edges', coalesce(json_agg(json_build_object('node', json_build_object(
      'id', t.id::text, 'name', t.name, 'commentsCollection', (
        select json_build_object('edges', coalesce(json_agg(json_build_object('node', json_build_object('id', c.id::text, 'body', c.body))), '[]'))
        from (select id, body from public.comments where task_id = t.id order by id limit 30) c)))), '[]'))
    from (select id, name from public.tasks where project_id = p.id order by id limit 30) t)))), '[]'))
from (select id, name from public.projects order by id limit 5) p
