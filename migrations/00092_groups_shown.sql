-- +goose Up
-- A storefront says whether its member shows circles: whoever keeps the page hears of what changes that.
-- +goose StatementBegin
create function note_shown() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if tg_table_name = 'groups' then
    insert into changes (topic) select 'member:' || m.member_id from group_members m where m.group_id = new.id and m.shown on conflict do nothing;
  else
    insert into changes (topic) values ('member:' || coalesce(new.member_id, old.member_id)) on conflict do nothing;
  end if;
  return null;
end $$;
-- +goose StatementEnd
create trigger groups_shown after update of visibility, closed_at on groups for each row execute function note_shown();
create trigger group_members_shown after update on group_members for each row when (old.shown <> new.shown) execute function note_shown();
create trigger group_members_left after delete on group_members for each row when (old.shown) execute function note_shown();
revoke all on function note_shown(), groups_move(), group_reports_move(), groups_owned() from public;
