select coalesce(json_agg(p), '[]') from (
  select p.id, p.name, (
    select coalesce(json_agg(t), '[]') from (
      select t.id, t.name, (
        select coalesce(json_agg(c), '[]') from (
          select c.id, c.body from public.comments c where c.task_id = t.id) c) as comments
      from public.tasks t where t.project_id = p.id) t) as tasks
  from public.projects p order by p.id limit 5) p
