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

-- name: learnt-inside
-- The parts of a record whose id was found with it, and not given by a person.
SELECT t.id FROM target t
JOIN target p ON p.destination = t.destination AND p.object = ?2 AND p.source_id = t.parent_id AND p.source_endpoint = 'patients'
JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id
WHERE t.destination = ?1 AND t.parent_id = ?3 AND t.parent_id <> '' AND t.slot <> '' AND c.run <> 'import'
  AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.destination = t.destination AND d.object = t.object AND d.source_id = t.source_id
    AND d.verb = 'MAP' AND d.value = c.target_id AND d.undone_at = '')

-- name: unlink-inside
DELETE FROM crosswalk WHERE (destination, object, source_id) IN (SELECT destination, object, source_id FROM target WHERE id = ?)

-- name: lose-inside
-- It is looked for with the right record.
UPDATE target SET acked_hash = NULL, acked_payload = NULL, refused_hash = NULL, outcome = CASE WHEN payload IS NULL THEN outcome ELSE 'failed' END,
  cause = CASE WHEN payload IS NULL THEN cause ELSE 'not_sent' END WHERE id = ?

-- name: forget-settled
DELETE FROM settled WHERE destination = ?
