-- Records of which a part that travels inside them came, went, or maps to something
-- else since they were judged; the next night judges these alone of all that carry.
-- None is missed: a carrier's own body is written by judging alone, which carries
-- what maps then, so it ceases to fit by a write of a part and by nothing else; and
-- the database notes the carrier in that write's transaction, whoever writes, so no
-- kill comes between. It is taken off once all that is noted was judged. A carrier
-- that is not there yet carries its parts from the start.
CREATE TABLE uncarried (target INTEGER PRIMARY KEY REFERENCES target (id) ON DELETE CASCADE) STRICT;
CREATE TRIGGER uncarried_new AFTER INSERT ON target WHEN NEW.slot <> '' BEGIN
  INSERT INTO uncarried SELECT id FROM target WHERE source_endpoint = 'patients' AND source_id = NEW.parent_id
    AND destination = NEW.destination AND slot = '' ON CONFLICT DO NOTHING; END;
CREATE TRIGGER uncarried_changed AFTER UPDATE OF hash, parent_id, slot ON target
  WHEN NEW.slot <> '' AND (OLD.hash IS NOT NEW.hash OR OLD.parent_id <> NEW.parent_id OR OLD.slot <> NEW.slot) BEGIN
  INSERT INTO uncarried SELECT id FROM target WHERE source_endpoint = 'patients' AND source_id IN (OLD.parent_id, NEW.parent_id)
    AND destination = NEW.destination AND slot = '' ON CONFLICT DO NOTHING; END;
CREATE TRIGGER uncarried_dropped AFTER DELETE ON target WHEN OLD.slot <> '' BEGIN
  INSERT INTO uncarried SELECT id FROM target WHERE source_endpoint = 'patients' AND source_id = OLD.parent_id
    AND destination = OLD.destination AND slot = '' ON CONFLICT DO NOTHING; END;

-- A run of an earlier program may have stopped between a part and its carrier.
INSERT INTO uncarried SELECT p.id FROM target p WHERE p.source_endpoint = 'patients' AND p.slot = '' AND p.payload IS NOT NULL AND EXISTS (
  SELECT 1 FROM target t WHERE t.destination = p.destination AND t.parent_id = p.source_id AND t.parent_id <> '' AND t.slot <> ''
    AND (t.payload IS NOT NULL) <> EXISTS (SELECT 1 FROM json_each(CASE p.needs WHEN '' THEN '[]' ELSE p.needs END) n
      WHERE n.value ->> 'object' = t.object AND n.value ->> 'id' = t.source_id));
