-- A discharge that the journal beside the database tells of, and that a
-- restored database does not know, is taken over as uncertain: without its
-- approvals, and never to be sent. Only an intent sends, so only an intent
-- needs them, and nothing that is open becomes an intent again.
DROP TRIGGER no_unapproved_discharge;
CREATE TRIGGER no_unapproved_discharge BEFORE INSERT ON delivery WHEN NEW.op = 'discharge' AND NEW.state <> 'uncertain'
  BEGIN SELECT RAISE(ABORT, 'a discharge needs the approval of its very payload') WHERE
    (SELECT count(DISTINCT by) FROM approval a WHERE a.destination = NEW.destination AND a.object = NEW.object
       AND a.source_id = NEW.source_id AND a.hash = NEW.hash AND a.at <= NEW.intent_at AND a.expires_at > NEW.intent_at)
    < (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'approvers')
    OR NOT EXISTS (SELECT 1 FROM setting WHERE name = 'approvers'); END;
CREATE TRIGGER no_intent_again BEFORE UPDATE OF state ON delivery WHEN NEW.state = 'intent' AND OLD.state = 'uncertain'
  BEGIN SELECT RAISE(ABORT, 'a delivery that left does not become an intent again'); END;
