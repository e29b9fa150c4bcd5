-- Answers that come later, by a callback. A delivery that was accepted for
-- later is uncertain, bears the vendor's transaction, and its deadline is when
-- the answer should have come.
ALTER TABLE delivery ADD COLUMN transaction_id TEXT NOT NULL DEFAULT '';
CREATE INDEX delivery_transaction ON delivery (destination, transaction_id) WHERE transaction_id <> '';

-- Callbacks that were taken in and belong to no open delivery yet: one may
-- come before our own commit of the acceptance, to another process than the
-- run's. Their payload is compressed and sealed.
CREATE TABLE callback (
  id             INTEGER PRIMARY KEY,
  destination    TEXT NOT NULL,
  object         TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  received_at    TEXT NOT NULL,
  payload        BLOB NOT NULL
) STRICT;
CREATE INDEX callback_transaction ON callback (destination, transaction_id);

-- What the vendor said when it refused a record, in its own words, which may
-- quote a patient: compressed and sealed.
ALTER TABLE target ADD COLUMN words BLOB;
