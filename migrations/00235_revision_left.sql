-- +goose Up
-- The author of a listed design asks no more that a newer revision of it be sold: what is sold stays.
alter table publication_moves drop constraint publication_moves_kind_check,
  add constraint publication_moves_kind_check check (kind in ('asked','listed','refused','revision_asked','revision_listed','revision_refused','revision_left','left','taken_down'));
