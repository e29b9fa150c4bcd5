-- name: was-cut
-- A run that was killed, since an instant: none is open before a run begins.
SELECT EXISTS (SELECT 1 FROM run WHERE exit_code = -1 AND started_at >= ?)

-- name: recount
-- Where a count that is kept is not the count of the rows.
SELECT 'staged ' || coalesce(k.endpoint, c.endpoint) FROM staged k
FULL JOIN (SELECT endpoint, count(*) AS n, sum(parts) AS parts, sum(gone) AS gone, sum(fault <> '') AS faults, sum(deleted <> '') AS deleted
  FROM record GROUP BY endpoint) c ON c.endpoint = k.endpoint
WHERE (coalesce(k.n, 0), coalesce(k.parts, 0), coalesce(k.gone, 0), coalesce(k.faults, 0), coalesce(k.deleted, 0))
  <> (coalesce(c.n, 0), coalesce(c.parts, 0), coalesce(c.gone, 0), coalesce(c.faults, 0), coalesce(c.deleted, 0))
UNION ALL
SELECT 'standing ' || coalesce(k.destination, c.destination) || ' ' || coalesce(k.object, c.object) || ' ' || coalesce(k.outcome, c.outcome) FROM standing k
FULL JOIN (SELECT destination, object, outcome,
    CASE WHEN acked_hash IS NULL THEN 0 WHEN hash IS NULL THEN 1 WHEN acked_hash <> hash THEN 2 ELSE 3 END AS acked, count(*) AS n
  FROM target GROUP BY 1, 2, 3, 4) c ON c.destination = k.destination AND c.object = k.object AND c.outcome = k.outcome AND c.acked = k.acked
WHERE coalesce(k.n, 0) <> coalesce(c.n, 0)
UNION ALL
SELECT 'total ' || k.id FROM total k
LEFT JOIN (SELECT total, count(*) AS visits, sum(minutes) AS minutes, sum(known) AS known, sum(there) AS there FROM addend GROUP BY total) c ON c.total = k.id
WHERE (k.visits, k.minutes, k.known, k.there) <> (coalesce(c.visits, 0), coalesce(c.minutes, 0), coalesce(c.known, 0), coalesce(c.there, 0))
