-- +goose Up
-- Whoever joins a launch waits for those who join at the same moment, and each counts what was promised and looks whose card it is: from an index, without a row of the table.
create index pledges_counted on pledges (campaign_id, state) include (quantity, variant_id);
drop index pledges_campaign;
create index pledges_fingerprint on pledges (fingerprint) where fingerprint <> '';
