-- name: unlinkable
-- Why a link cannot be taken back; '' where it can.
SELECT CASE
  WHEN EXISTS (SELECT 1 FROM target t
    JOIN target p ON p.id = t.id OR t.slot <> '' AND p.source_endpoint = 'patients' AND p.source_id = t.parent_id AND p.destination = t.destination
    JOIN delivery d ON d.target = p.id AND d.state IN ('intent', 'uncertain')
    WHERE t.destination = ?1 AND t.object = ?2 AND t.source_id = ?3) THEN 'open'
  WHEN EXISTS (SELECT 1 FROM target WHERE destination = ?1 AND object = ?2 AND source_id = ?3
    AND outcome IN ('matched', 'mismatched', 'missing')) THEN 'compared'
  ELSE '' END

-- name: unlink-target
-- It was taken under an id that is not known any more.
UPDATE target SET acked_hash = x'', acked_payload = NULL, refused_hash = NULL, outcome = CASE WHEN payload IS NULL THEN outcome ELSE 'held' END,
  cause = CASE WHEN payload IS NULL THEN cause ELSE 'no_id' END, field = '', code = CASE WHEN payload IS NULL THEN code ELSE 'no_id' END,
  message = CASE WHEN payload IS NULL THEN message ELSE 'its link was removed; find it there and give its id with `chartbridge crosswalk import`, or RETRY it where it is not there' END
WHERE destination = ?1 AND object = ?2 AND source_id = ?3

-- name: is-carrier
SELECT EXISTS (SELECT 1 FROM target WHERE destination = ? AND object = ? AND source_endpoint = 'patients' AND source_id = ? AND slot = '')

-- name: learnt-inside
-- The parts of a record whose id was found with it, and not given by a person:
-- those that it holds, those whose record cannot be told now, and those that left
-- it, which still bear its name before a slash ('0' follows '/').
SELECT c.* FROM (
  SELECT object, source_id FROM target WHERE destination = ?1 AND parent_id = ?2 AND parent_id <> '' AND slot <> ''
  UNION
  SELECT t.object, t.source_id FROM of_patient o JOIN record r ON r.id = o.record
    JOIN target t ON t.source_endpoint = r.endpoint AND t.source_id = r.source_id AND t.destination = ?1
  WHERE o.endpoint = 'patient_authorizations' AND o.patient = ?2 AND t.slot <> '' AND t.parent_id = ''
  UNION
  SELECT k.object, k.source_id FROM shape s JOIN crosswalk k ON k.destination = s.destination AND k.object = s.object
    AND k.source_id > ?2 || '/' AND k.source_id < ?2 || '0'
  WHERE s.destination = ?1
) part JOIN crosswalk c ON c.destination = ?1 AND c.object = part.object AND c.source_id = part.source_id
WHERE c.run <> 'import' AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.destination = c.destination AND d.object = c.object
  AND d.source_id = c.source_id AND d.verb = 'MAP' AND d.value = c.target_id AND d.undone_at = '')

-- name: unlink-inside
DELETE FROM crosswalk WHERE destination = ? AND object = ? AND source_id = ?

-- name: lose-inside
-- It is looked for with the right record; what does not map now is held until its
-- id is given when it does, since the right record may hold it.
UPDATE target SET acked_hash = CASE WHEN payload IS NULL THEN x'' END, acked_payload = NULL, refused_hash = NULL,
  outcome = CASE WHEN payload IS NULL THEN outcome ELSE 'failed' END, cause = CASE WHEN payload IS NULL THEN cause ELSE 'not_sent' END
WHERE destination = ? AND object = ? AND source_id = ?

-- name: hold-left
-- Likewise what is not in the source now.
INSERT INTO left_part (destination, object, source_id) SELECT ?1, ?2, ?3
WHERE NOT EXISTS (SELECT 1 FROM target WHERE destination = ?1 AND object = ?2 AND source_id = ?3) ON CONFLICT DO NOTHING

-- name: forget-left
-- What they held of the parts that left is not what the right record holds.
UPDATE left_part SET acked_hash = NULL, carrier_hash = NULL WHERE destination = ?1 AND source_id > ?2 || '/' AND source_id < ?2 || '0'

-- name: forget-settled
DELETE FROM settled WHERE destination = ?
