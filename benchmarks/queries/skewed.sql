select coalesce(json_agg(t), '[]') from (select id, name from public.jobs where status = $1 order by id limit 10) t
