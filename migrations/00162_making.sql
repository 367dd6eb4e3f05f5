-- +goose Up
-- Making what was designed: how many pieces of an order line were begun and made, and each step by which it came so.
create table makings (
  order_line_id bigint primary key references order_lines,
  pieces        integer not null check (pieces > 0),                   -- of the line, as it was ordered
  begun         integer not null default 0,                            -- those that are made included
  made          integer not null default 0,
  updated_at    timestamptz not null,
  constraint makings_counts_check check (0 <= made and made <= begun and begun <= pieces)
);
revoke delete, truncate on makings from relais_app;

create table making_steps (
  id            bigint generated always as identity primary key,
  order_line_id bigint not null references makings,
  kind          text not null check (kind in ('begun','made','again')),
  pieces        integer not null check (pieces > 0),
  reason        text not null default '' check (length(reason) <= 200),
  begun         integer not null,                                      -- where the line stands after it
  made          integer not null,
  by_member_id  bigint not null references members,
  at            timestamptz not null,
  constraint making_steps_again_check check ((kind = 'again') = (reason <> ''))
);
create index making_steps_line on making_steps (order_line_id, id);
revoke all on making_steps from relais_app;
grant select, insert on making_steps to relais_app;

-- +goose StatementBegin
create function makings_start() returns trigger language plpgsql as $$
begin
  if not exists (select 1 from order_lines where id = new.order_line_id and design_id is not null and quantity = new.pieces) then
    raise exception 'line % is not made to a design', new.order_line_id using errcode = '23514', constraint = 'makings_design_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger makings_start before insert or update of order_line_id, pieces on makings for each row execute function makings_start();
-- +goose StatementBegin
create function making_steps_kept() returns trigger language plpgsql as $$
begin
  raise exception 'a step of making stays as it was' using errcode = '23514', constraint = 'making_steps_kept_check';
end $$;
-- +goose StatementEnd
create trigger making_steps_kept before update or delete on making_steps for each row execute function making_steps_kept();
create trigger making_steps_no_truncate before truncate on making_steps for each statement execute function making_steps_kept();
