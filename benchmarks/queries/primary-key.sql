select coalesce(json_agg(t), '[]') from (select id, title, done from public.todos where id = $1) t
