with written as (insert into public.notes (title, done) values ('a new note', false) returning id, title, done)
select json_build_object('affectedCount', count(*), 'records', coalesce(json_agg(json_build_object('id', w.id::text, 'title', w.title, 'done', w.done)), '[]'))
from written w
