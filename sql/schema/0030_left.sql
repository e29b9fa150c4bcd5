-- What travels inside another record, is there under an id that nobody knows, and
-- left the source. When it comes back it is still there: to send it would make a
-- second one.
CREATE TABLE left_part (
  destination TEXT NOT NULL, object TEXT NOT NULL, source_id TEXT NOT NULL,
  PRIMARY KEY (destination, object, source_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER part_left BEFORE DELETE ON target WHEN OLD.slot <> '' AND OLD.acked_hash IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM crosswalk WHERE destination = OLD.destination AND object = OLD.object AND source_id = OLD.source_id) BEGIN
  INSERT INTO left_part VALUES (OLD.destination, OLD.object, OLD.source_id) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER part_back AFTER INSERT ON target WHEN NEW.slot <> ''
  AND EXISTS (SELECT 1 FROM left_part WHERE destination = NEW.destination AND object = NEW.object AND source_id = NEW.source_id) BEGIN
  UPDATE target SET acked_hash = x'' WHERE id = NEW.id;
  DELETE FROM left_part WHERE destination = NEW.destination AND object = NEW.object AND source_id = NEW.source_id; END;
