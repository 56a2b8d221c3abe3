select json_build_object('edges', coalesce(json_agg(json_build_object('node', json_build_object('id', j.id::text, 'name', j.name))), '[]'))
from (select id, name from public.jobs order by id limit 10) j
