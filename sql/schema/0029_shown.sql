-- What the pages of an open drain have shown, in stretches of records: most of a
-- page's were staged one after another. They may lie within each other, and none
-- has more than 250 records, so that a look for one passes few.
CREATE TABLE shown (
  drain TEXT NOT NULL,                       -- its endpoint and lane; of a full read its endpoint alone
  last  INTEGER NOT NULL,                    -- a record's id, as first
  first INTEGER NOT NULL,
  PRIMARY KEY (drain, last, first)
) STRICT, WITHOUT ROWID;
CREATE VIEW shown_record AS
  SELECT s.drain, r.id AS record FROM record r JOIN shown s ON s.last BETWEEN r.id AND r.id + 249 AND s.first <= r.id;
INSERT INTO shown SELECT s.endpoint, r.id, r.id FROM seen s
  JOIN record r ON r.endpoint = substr(s.endpoint, 1, instr(s.endpoint || ' ', ' ') - 1) AND r.source_id = s.source_id;
DROP TABLE seen;
