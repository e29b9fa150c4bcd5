-- Since when records wait without a break, by destination and object: the
-- start of the first such run, and how many.
WITH waiting AS (
  SELECT r.destination, r.object,
    (SELECT min(x.run) FROM run u CROSS JOIN result x ON x.run = u.id AND x.target = r.target
     WHERE u.id <= ?1 AND x.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed')
       AND x.run > coalesce((SELECT max(y.run) FROM run v CROSS JOIN result y ON y.run = v.id AND y.target = r.target
         WHERE v.id < ?1 AND y.outcome NOT IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed')), '')) AS first_run
  FROM result r WHERE r.run = ?1 AND r.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed'))
SELECT w.destination, w.object, coalesce(f.started_at, ''), count(*)
FROM waiting w LEFT JOIN run f ON f.id = w.first_run GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
