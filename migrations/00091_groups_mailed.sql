-- +goose Up
-- How many invitations by mail somebody asked for lately: counted as asked, so that the limit does not tell which addresses were left out.
create index group_log_mailed on group_log (by_id, at) where action = 'mailed';
drop index group_mails_by;
