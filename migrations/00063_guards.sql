-- +goose Up
-- What was agreed in a sale stays: the application may move an order on and never rewrite it.
revoke update, delete, truncate on order_lines from relais_app;
revoke delete, truncate on orders, shipments, refunds, payees, payout_runs, webhook_events from relais_app;
revoke update, delete, truncate on order_events, order_messages from relais_app;

-- +goose StatementBegin
create function orders_fixed() returns trigger language plpgsql as $$
begin
  if row(old.number, old.token, old.operation, old.currency, old.goods_minor, old.shipping_minor, old.total_minor, old.placed_at)
     is distinct from row(new.number, new.token, new.operation, new.currency, new.goods_minor, new.shipping_minor, new.total_minor, new.placed_at)
     or old.payment_intent_id is distinct from new.payment_intent_id and old.payment_intent_id is not null then
    raise exception 'order % keeps its total and its payment', old.id using errcode = '23514', constraint = 'orders_fixed_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger orders_fixed before update on orders for each row execute function orders_fixed();
alter table orders add constraint orders_refunded_state_check check ((state = 'refunded') = (refunded_minor = total_minor) and (state = 'refunded' or refunded_minor = 0));

-- A refund that was made stays made; one that was refused may be tried again. A payment has one that is open or made, for
-- each is of the whole.
-- +goose StatementBegin
create function refunds_move() returns trigger language plpgsql as $$
begin
  if row(old.order_id, old.amount_minor, old.currency, old.reason, old.payment_intent_id)
     is distinct from row(new.order_id, new.amount_minor, new.currency, new.reason, new.payment_intent_id) then
    raise exception 'refund % keeps its amount and its payment', old.id using errcode = '23514', constraint = 'refunds_fixed_check';
  end if;
  if old.state <> new.state and (old.state = 'succeeded' or old.state in ('failed','canceled') and new.state <> 'new') then
    raise exception 'refund % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'refunds_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger refunds_move before update on refunds for each row execute function refunds_move();
create unique index refunds_one_live on refunds (payment_intent_id) where state not in ('failed','canceled');
