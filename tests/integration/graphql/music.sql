comment on schema public is '@graphql({"inflect_names": true, "introspection": true})';

create type genre as enum ('post-rock', 'folk', 'jazz');
comment on type genre is '@graphql({"mappings": {"post-rock": "POST_ROCK"}})';

create table artist (
  id int primary key,
  name text not null,
  born date,
  plays bigint not null default 0,
  royalty numeric(12, 4),
  ratio double precision,
  active boolean not null default true,
  ref uuid,
  tags text[],
  scores bigint[],
  notes jsonb,
  raw json,
  drafts jsonb[],
  home point,
  seen timestamptz,
  favourite genre
);
comment on table artist is '@graphql({"totalCount": {"enabled": true}, "aggregate": {"enabled": true}})';
insert into artist (id, name, born, plays, royalty, ratio, active, ref, tags, scores, notes, raw, drafts, home, seen, favourite)
values
  (1, 'Ólafur "the \ one"', '1986-11-03', 9007199254740993, 12.5000, 0.5, true,
   '5f0c1f5e-7f0a-4c8d-9d0e-3a1f0f0e0b01', '{a,"b c",null}', '{1,9007199254740993}', '{"a": [1, null]}', '"text"',
   array['{"x": 1}'::jsonb, null], '(1,2)', '2024-02-29 12:00+00', 'post-rock'),
  (2, 'Bach', null, 7, 'NaN', 'Infinity', false, null, '{}', null, null, '{"b":  2}', null, null, null, 'folk'),
  (3, 'Cage', '1912-09-05', 0, null, null, true, null, null, null, '"q"', null, null, null, null, null),
  (4, 'Eno', '1948-05-15', 12, 3, 'NaN', true, null, null, null, 'null', null, null, null, null, 'jazz'),
  (5, 'Fripp', null, 5, 1, 2, false, null, null, null, null, null, null, null, null, 'folk');

create table album (
  artist_id int not null references artist,
  number smallint not null,
  title varchar(20) not null,
  price numeric,
  primary key (artist_id, number)
);
comment on table album is '@graphql({"totalCount": {"enabled": true}, "max_rows": 4})';
insert into album
select artist, number, format('%s-%s', artist, number), nullif(number % 3, 0)
from generate_series(1, 4) artist, generate_series(1, 6) number
where artist < 4 or number < 3;

create table contract (
  id int primary key,
  artist_id int unique references artist,
  parent_id int references contract
);
insert into contract values (1, 1, null), (2, 2, 1), (3, null, 1);

create function initials(artist) returns text stable language sql as 'select left($1.name, 1)';
create function plays_twice(artist) returns bigint stable language sql as 'select $1.plays * 2';
create function marks(artist) returns int[] stable language sql as 'select array[$1.id, null]';
create function rarest(artist) returns album stable language sql
  as 'select a from album a where a.artist_id = $1.id and $1.active order by a.number desc limit 1';
create function singles(artist) returns setof album stable language sql
  as 'select * from album a where a.artist_id = $1.id and a.number > 2';
create function only_album(artist) returns setof album rows 1 stable language sql
  as 'select * from album a where a.artist_id = $1.id and a.number = 1';

create view active_artists as select a.id, a.name from artist a where a.active;
create function if_active(artist) returns active_artists stable language sql
  as 'select a from active_artists a where a.id = $1.id';
create function shouted(active_artists) returns text stable language sql as 'select upper($1.name)';
create function recent(since int) returns setof album stable language sql
  as 'select * from album a where a.number > 6 / since';
create function made_up() returns setof album stable language sql
  as $$ values (1, 1::smallint, 'b'::varchar(20), null::numeric), (1, 2::smallint, null, null), (1, 3::smallint, 'c', null) $$;

create view catalogue as select a.artist_id, a.number, a.title from album a;
comment on view catalogue is '@graphql({"primary_key_columns": ["artist_id", "number"], "foreign_keys": [
  {"local_name": "entries", "local_columns": ["artist_id"], "foreign_name": "performer",
   "foreign_schema": "public", "foreign_table": "artist", "foreign_columns": ["id"]}]}) ';
