-- The newest runs up to this one, oldest first, each with what it counted and
-- how its backlog opened, grew, shrank and closed. The oldest of them only
-- gives the next one its opening.
WITH past AS (SELECT id, started_at, finished_at, exit_code FROM run u WHERE u.id <= ?1 AND u.dry = 0
    AND EXISTS (SELECT 1 FROM tally y WHERE y.run = u.id) ORDER BY id DESC LIMIT 31),
night AS (SELECT id, started_at, finished_at, exit_code, coalesce(lag(id) OVER (ORDER BY id), '') AS earlier FROM past),
waits AS (SELECT r.run, r.target FROM past p CROSS JOIN result r ON r.run = p.id
    WHERE r.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed'))
SELECT n.id, n.started_at, n.finished_at, n.exit_code, n.earlier,
  (SELECT coalesce(sum(y.n), 0) FROM tally y WHERE y.run = n.id AND y.outcome NOT IN ('source', 'extra')) AS source,
  (SELECT coalesce(sum(y.n), 0) FROM tally y WHERE y.run = n.id AND y.outcome IN ('created', 'updated')) AS sent,
  (SELECT coalesce(sum(y.n), 0) FROM tally y WHERE y.run = n.id AND y.outcome IN ('created', 'updated', 'unchanged', 'matched')) AS there,
  (SELECT count(*) FROM waits w WHERE w.run = n.id) AS open,
  (SELECT count(*) FROM waits w WHERE w.run = n.id AND NOT EXISTS
    (SELECT 1 FROM result x WHERE x.run = n.earlier AND x.target = w.target AND x.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed'))) AS fresh,
  (SELECT count(*) FROM waits w WHERE w.run = n.earlier AND NOT EXISTS
    (SELECT 1 FROM result x WHERE x.run = n.id AND x.target = w.target AND x.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed'))) AS gone,
  (SELECT count(*) FROM decision d WHERE d.at >= n.started_at AND d.undone_at = ''
    AND d.at < coalesce((SELECT min(m.started_at) FROM night m WHERE m.id > n.id), '9')) AS decided
FROM night n ORDER BY n.id
