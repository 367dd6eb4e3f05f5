-- +goose Up
-- Whether a member keeps what they are told of circles apart by sphere; without a row, notices_apart says.
create table notice_spheres (
  member_id bigint primary key references members,
  apart     boolean not null
);

-- +goose StatementBegin
-- As chosen; until then so for whom both spheres concern: by the circles that they are in, or by what they were told of some.
create function notices_apart(who bigint) returns boolean language sql stable as $$
  select coalesce((select apart from notice_spheres where member_id = who),
    (select bool_and(exists (select 1 from group_members m join groups g on g.id = m.group_id where m.member_id = who and g.sphere = s)
        or exists (select 1 from notices n where n.member_id = who and n.topic = s and n.listed))
      from unnest(array['personal', 'professional']) s));
$$;
-- +goose StatementEnd
