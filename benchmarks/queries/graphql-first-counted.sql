with records as (select id, name from public.jobs order by id limit 10),
total(number) as materialized (select count(*) from public.jobs)
select jsonb_build_object('edges', coalesce(jsonb_agg(jsonb_build_object('node', jsonb_build_object('id', r.id::text, 'name', r.name)) order by r.id), '[]'))
from total left join records r on true
