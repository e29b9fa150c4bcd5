-- What waits for records that the worklist does not list themselves, a row for
-- each of these (or for what they say themselves), and what is missing there, a row for each object: how many,
-- what they are, what they wait for (object, source id), how that stands.
WITH stuck AS (SELECT r.target, r.destination, r.object, t.parent_id, t.needs, r.message FROM result r JOIN target t ON t.id = r.target
    WHERE r.run = ?1 AND r.outcome = 'blocked'),
lacks AS (
  SELECT s.target, s.destination, s.object AS waiting, n.value ->> 'object' AS object, n.value ->> 'id' AS source_id FROM stuck s, json_each(s.needs) n
  WHERE s.needs <> '' AND coalesce(n.value ->> 'optional', 0) = 0 AND s.parent_id = '' AND NOT EXISTS (SELECT 1 FROM crosswalk c
    WHERE c.destination = s.destination AND c.object = n.value ->> 'object' AND c.source_id = n.value ->> 'id')
  UNION ALL SELECT s.target, s.destination, s.object, 'client', s.parent_id FROM stuck s WHERE s.parent_id <> ''),
named AS (SELECT l.destination, l.waiting, l.object, l.source_id, l.target, t.outcome, t.cause, '' AS message
  FROM lacks l LEFT JOIN target t ON t.destination = l.destination AND t.object = l.object AND t.source_id = l.source_id
    AND t.source_endpoint IN (SELECT endpoint FROM staged) -- all there are: it is looked up so
  UNION ALL SELECT s.destination, s.object, '', '', s.target, '', '', s.message FROM stuck s WHERE s.target NOT IN (SELECT target FROM lacks))
SELECT n.destination, n.waiting, n.object, n.source_id, coalesce(n.outcome, '') AS outcome, coalesce(n.cause, '') AS cause, 'blocked' AS stands,
  count(DISTINCT n.target) AS n, min(i.opened_at) AS opened_at, n.message
FROM named n LEFT JOIN item i ON i.target = n.target AND i.outcome = 'blocked' AND i.closed_run = ''
WHERE coalesce(n.outcome, '') NOT IN ('uncertain', 'held', 'rejected', 'invalid', 'failed')
GROUP BY 1, 2, 3, 4, 5, 6, n.message
UNION ALL
SELECT r.destination, r.object, '', '', 'missing', 'missing', 'missing', count(*), min(i.opened_at), ''
FROM result r LEFT JOIN item i ON i.target = r.target AND i.outcome = 'missing' AND i.closed_run = ''
WHERE r.run = ?1 AND r.outcome = 'missing' GROUP BY 1, 2
ORDER BY n DESC, 1, 2, 3, 4 LIMIT ?2
