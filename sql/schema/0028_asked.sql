-- Whose visits a month held when it was compared, by their ids there: who lost
-- the last visit of a month is asked about it all the same when it is read again.
CREATE TABLE asked (
  destination TEXT NOT NULL, object TEXT NOT NULL, month TEXT NOT NULL, person TEXT NOT NULL,
  PRIMARY KEY (destination, object, month, person)
) STRICT, WITHOUT ROWID;

-- Of months that were settled before nobody knows whose they were: each is read
-- once more.
DELETE FROM settled;
