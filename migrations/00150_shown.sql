-- +goose Up
-- Nothing is marked as shown outside of a circle that is not: what its author took back, alone or with the circle, after a moderator removed it
-- or by deleting the post, and what came into a circle while that became private.
update post_groups f set shown_by = null, shown_sphere = null from posts p, groups g
where p.id = f.post_id and g.id = f.group_id and f.shown_by is not null
  and (not p.outside or f.gone_at is not null or g.visibility <> 'open' or g.closed_at is not null);
