-- Of a part that leaves, what they acknowledged of it, and what of its carrier: as
-- long as that one is not sent without it, they hold the part as it was.
ALTER TABLE left_part ADD COLUMN acked_hash BLOB;
ALTER TABLE left_part ADD COLUMN carrier_hash BLOB;
DROP TRIGGER part_left;
DROP TRIGGER part_back;
CREATE TRIGGER part_left BEFORE DELETE ON target WHEN OLD.slot <> '' AND OLD.acked_hash IS NOT NULL BEGIN
  INSERT INTO left_part VALUES (OLD.destination, OLD.object, OLD.source_id, OLD.acked_hash, (SELECT acked_hash FROM target
    WHERE source_endpoint = 'patients' AND source_id = OLD.parent_id AND destination = OLD.destination AND parent_id = '')) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER part_back AFTER INSERT ON target WHEN NEW.slot <> ''
  AND EXISTS (SELECT 1 FROM left_part WHERE destination = NEW.destination AND object = NEW.object AND source_id = NEW.source_id) BEGIN
  UPDATE target SET acked_hash = coalesce((SELECT l.acked_hash FROM left_part l JOIN target p ON p.acked_hash = l.carrier_hash
    WHERE l.destination = NEW.destination AND l.object = NEW.object AND l.source_id = NEW.source_id AND l.carrier_hash <> x''
      AND p.source_endpoint = 'patients' AND p.source_id = NEW.parent_id AND p.destination = NEW.destination AND p.parent_id = ''), x'') WHERE id = NEW.id;
  UPDATE target SET outcome = 'unchanged', cause = '', acked_payload = payload WHERE id = NEW.id AND hash = acked_hash AND outcome = 'failed' AND cause = 'not_sent';
  DELETE FROM left_part WHERE destination = NEW.destination AND object = NEW.object AND source_id = NEW.source_id; END;
