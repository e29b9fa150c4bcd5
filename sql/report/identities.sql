-- Counts of an object at a destination, each from another table than the one
-- that it is held against: records judged; their distinct source ids; ids that
-- we know there; the distinct ones of these; records acknowledged that hold
-- what we map now; records acknowledged.
SELECT t.destination, t.object, count(*) AS judged, count(DISTINCT t.source_endpoint || '/' || t.source_id) AS ids,
  (SELECT count(*) FROM crosswalk c WHERE c.destination = t.destination AND c.object = t.object) AS linked,
  (SELECT count(DISTINCT c.target_id) FROM crosswalk c WHERE c.destination = t.destination AND c.object = t.object) AS theirs,
  sum(t.outcome IN ('created', 'updated', 'unchanged') AND t.acked_hash = t.hash) AS equal,
  sum(t.outcome IN ('created', 'updated', 'unchanged')) AS acknowledged
FROM target t GROUP BY t.destination, t.object
