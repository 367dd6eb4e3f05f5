-- +goose Up
-- Each change of a published story is told to whoever follows it from elsewhere, so there is a limit to how many a member makes within a day: package
-- stories. Those of before are dropped with the next one.
create table story_edits (
  member_id bigint not null references members,   -- who changed it
  story_id  bigint not null references stories,
  at        timestamptz not null
);
create index story_edits_member on story_edits (member_id, at);
revoke update, truncate on story_edits from relais_app;

create index stories_author on stories (author_id, published_at) where published_at is not null;

-- A photograph of a story is for everybody while the story is read, which is asked each time.
create index stories_video on stories (video_photo_id) where video_photo_id is not null;
