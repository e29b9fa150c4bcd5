-- Visits are compared by months, and what agreed is not read again for ever;
-- two visits that nothing tells apart are known before one is sent.
ALTER TABLE target ADD COLUMN month TEXT NOT NULL DEFAULT '';  -- in which a visit begins, in the practice's zone; '' = the object is not asked about by months
ALTER TABLE target ADD COLUMN twin_hash BLOB;                  -- hash of who, with whom and when; its own where the visit does not take place; NULL = the object bears our id there
ALTER TABLE extra ADD COLUMN month TEXT NOT NULL DEFAULT '';   -- likewise
CREATE INDEX target_month ON target (destination, object, month) WHERE month <> '';
CREATE INDEX target_twin ON target (destination, object, twin_hash) WHERE twin_hash IS NOT NULL;

-- Months that agreed as a whole when they lay far enough back. They are not
-- read again until a visit enters or leaves them, or a person there is another.
CREATE TABLE settled (
  destination TEXT NOT NULL, object TEXT NOT NULL, month TEXT NOT NULL,
  PRIMARY KEY (destination, object, month)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER visit_moved AFTER UPDATE OF month ON target WHEN OLD.month <> '' AND NEW.month <> OLD.month
  BEGIN DELETE FROM settled WHERE destination = OLD.destination AND object = OLD.object AND month = OLD.month; END;
CREATE TRIGGER person_replaced AFTER UPDATE OF target_id ON crosswalk WHEN NEW.target_id <> OLD.target_id
  BEGIN DELETE FROM settled WHERE destination = NEW.destination; END;

-- What was judged before has neither month nor twin: visits are judged again.
UPDATE shape SET context = '' WHERE object IN ('appointment', 'event', 'task', 'cancellation');

-- How what a run sent and was accepted for later is counted, for the brake.
CREATE INDEX delivery_called ON delivery (run, destination, object, state) WHERE transaction_id <> '';
