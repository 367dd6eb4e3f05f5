-- +goose Up
-- Whom an account is pinned to is of the sign-up that was confirmed: until then a later one takes its place.
grant update (pinned_to, link_id, pinned_at) on pins to relais_app;
-- +goose StatementBegin
create function pins_move() returns trigger language plpgsql as $$
begin
  if row(old.member_id, old.pinned_to, old.link_id, old.pinned_at) is distinct from row(new.member_id, new.pinned_to, new.link_id, new.pinned_at)
     and exists (select 1 from members where id = old.member_id and email_confirmed_at is not null) then
    raise exception 'the pin of member % stays', old.member_id using errcode = '23514', constraint = 'pins_stay_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger pins_move before update on pins for each row execute function pins_move();
