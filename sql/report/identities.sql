-- Counts of an object at a destination, each from another place than the one
-- that it is held against: records judged, as the database kept the count;
-- their ids, counted; ids that we know there; the distinct ones of these;
-- records acknowledged that hold what we map now; records acknowledged.
SELECT s.destination, s.object, sum(s.n) AS judged,
  (SELECT count(*) FROM target t WHERE t.destination = s.destination AND t.object = s.object) AS ids,
  (SELECT count(*) FROM crosswalk c WHERE c.destination = s.destination AND c.object = s.object) AS linked,
  (SELECT count(*) FROM (SELECT 1 FROM crosswalk c WHERE c.destination = s.destination AND c.object = s.object GROUP BY c.target_id)) AS theirs,
  sum(s.n) FILTER (WHERE s.acked = 3 AND s.outcome IN ('created', 'updated', 'unchanged')) AS equal,
  sum(s.n) FILTER (WHERE s.outcome IN ('created', 'updated', 'unchanged')) AS acknowledged
FROM standing s WHERE s.n > 0 GROUP BY s.destination, s.object
