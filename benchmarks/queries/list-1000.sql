select coalesce(json_agg(t), '[]') from (select id, title, done from public.todos limit 1000) t
