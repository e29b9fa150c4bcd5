-- The newest runs (?3 of them; -1: all) from ?2 up to this one, oldest first, each with what it counted and
-- how what is open opened, grew, shrank and closed; -1 where that was not kept.
WITH past AS (SELECT id, started_at, finished_at, exit_code FROM run u WHERE u.id BETWEEN ?2 AND ?1 AND u.dry = 0
    AND EXISTS (SELECT 1 FROM tally y WHERE y.run = u.id) ORDER BY id DESC LIMIT ?3),
night AS (SELECT id, started_at, finished_at, exit_code FROM past)
SELECT n.id, n.started_at, n.finished_at, n.exit_code,
  (SELECT coalesce(sum(y.n), 0) FROM tally y WHERE y.run = n.id AND y.outcome NOT IN ('source', 'extra')) AS source,
  (SELECT coalesce(sum(y.n), 0) FROM tally y WHERE y.run = n.id AND y.outcome IN ('created', 'updated')) AS sent,
  (SELECT coalesce(sum(y.n), 0) FROM tally y WHERE y.run = n.id AND y.outcome IN ('created', 'updated', 'unchanged', 'matched')) AS there,
  (SELECT coalesce(sum(y.n), 0) FROM tally y WHERE y.run = n.id
    AND y.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed', 'mismatched', 'missing')) AS open,
  coalesce(b.opening, -1), coalesce(b.fresh, -1), coalesce(b.reopened, -1), coalesce(b.resolved, -1), coalesce(b.decided, -1), coalesce(b.closing, -1),
  (SELECT count(*) FROM decision d WHERE d.at >= n.started_at AND d.undone_at = ''
    AND d.at < coalesce((SELECT min(m.started_at) FROM night m WHERE m.id > n.id), '9')) AS decisions
FROM night n LEFT JOIN backlog b ON b.run = n.id ORDER BY n.id
