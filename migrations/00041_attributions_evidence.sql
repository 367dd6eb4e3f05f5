-- +goose Up
-- For "why is this sale not mine?": the sales for which something of a member was weighed.
create index attributions_evidence on attributions using gin (evidence jsonb_path_ops);
