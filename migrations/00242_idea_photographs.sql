-- +goose Up
-- A photograph of an idea is for everybody as long as everybody reads the idea: one that nothing else shows is not public by itself any more.
-- +goose StatementBegin
do $$
declare
  other record;
begin
  create temporary table only_ideas on commit drop as select distinct media_id from idea_photos;
  for other in
    select c.conrelid::regclass as of, a.attname as col from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    where c.contype = 'f' and c.confrelid = 'media'::regclass and c.conrelid <> 'idea_photos'::regclass
  loop
    execute format('delete from only_ideas o using %s x where x.%I = o.media_id', other.of, other.col);
  end loop;
  update media set public = false where public and id in (select media_id from only_ideas);
end $$;
-- +goose StatementEnd
create index idea_photos_media on idea_photos (media_id);
