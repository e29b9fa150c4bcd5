-- How deliveries are looked for: by their record, and the few that are open by
-- their state. SQLite takes a partial index only where a query's own words
-- imply its condition, so each state has its own.
CREATE INDEX delivery_record ON delivery (destination, object, source_id);
DROP INDEX delivery_open;
CREATE INDEX delivery_intent ON delivery (destination) WHERE state = 'intent';
CREATE INDEX delivery_uncertain ON delivery (destination, deadline) WHERE state = 'uncertain';

-- What callbacks linked since the last run.
CREATE INDEX crosswalk_called ON crosswalk (run) WHERE run = 'callback';
