select coalesce(json_agg(t), '[]') from (select id, title, done from public.todos order by id desc limit 10) t
