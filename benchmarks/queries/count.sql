select (select count(*) from public.todos where done), coalesce(json_agg(t), '[]')
from (select id, title from public.todos where done limit 1) t
