-- What the pages of an open drain have shown, in stretches of records: most of a
-- page's were staged one after another. They may lie within each other. A look
-- for a record passes those alone that end up to 249 after it.
CREATE TABLE shown (
  drain TEXT NOT NULL,                       -- its endpoint and lane
  last  INTEGER NOT NULL,                    -- a record's id, as first
  first INTEGER NOT NULL,
  PRIMARY KEY (drain, last, first),
  CHECK (last - first BETWEEN 0 AND 249)
) STRICT, WITHOUT ROWID;
INSERT INTO shown SELECT iif(instr(s.endpoint, ' ') > 0, s.endpoint, s.endpoint || ' nightly'), r.id, r.id FROM seen s
  JOIN record r ON r.endpoint = substr(s.endpoint, 1, instr(s.endpoint || ' ', ' ') - 1) AND r.source_id = s.source_id;
DROP TABLE seen;

-- What an open drain wrote itself was known by its change number alone. The
-- windows of a cancelled backfill are not read on.
INSERT INTO shown SELECT s.endpoint || ' ' || s.lane, r.id, r.id FROM stream s JOIN record r ON r.endpoint = s.endpoint AND r.seq > s.mark
WHERE s.next <> '' AND s.lane NOT IN (SELECT w.lane FROM backfill_window w JOIN backfill b ON b.id = w.backfill WHERE b.state = 'cancelled')
ON CONFLICT DO NOTHING;
