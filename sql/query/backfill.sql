-- name: add-backfill
INSERT INTO backfill (id, first_day, last_day, endpoints, newest, load, by, begun_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: add-window
INSERT INTO backfill_window (backfill, n, endpoint, lane, way, first_day, last_day, guess) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: newest-backfill
SELECT id, first_day, last_day, endpoints, newest, load, state, by, begun_at, ended_at, ended_by FROM backfill
WHERE state = 'open' OR ?1 = 0 ORDER BY id DESC LIMIT 1

-- name: backfill-state
SELECT state FROM backfill WHERE id = ?

-- name: end-backfill
UPDATE backfill SET state = ?, ended_at = ?, ended_by = ? WHERE id = ? AND state = 'open'

-- name: forget-shown
-- What the drains of its windows noted, by endpoint and lane, and had no end to drop.
DELETE FROM shown WHERE drain LIKE '% backfill/' || ? || '/%'

-- name: windows
SELECT w.n, w.endpoint, w.lane, w.way, w.first_day, w.last_day, w.guess, coalesce(s.state, 'new') AS state, coalesce(s.next, '') AS next,
  coalesce(s.page, 0) AS page, coalesce(s.rows, 0) AS rows, coalesce(s.changed, 0) AS changed, coalesce(s.note, '') AS note
FROM backfill_window w LEFT JOIN stream s ON s.endpoint = w.endpoint AND s.lane = w.lane WHERE w.backfill = ? ORDER BY w.n

-- name: calls-of-backfill
SELECT count(*) FROM call WHERE run = ?

-- name: staged-span
-- How many records of an endpoint are staged, how many of them changed since a
-- day, and the days of their first and last stamp.
SELECT count(*) AS n, coalesce(sum(updated_at = '' OR updated_at >= ?1), 0) AS since,
  coalesce(min(substr(nullif(updated_at, ''), 1, 10)), '') AS first_day, coalesce(max(substr(nullif(updated_at, ''), 1, 10)), '') AS last_day
FROM record WHERE endpoint = ?2 AND gone = 0

-- name: page-sizes
-- How many rows each endpoint's pages had when it last took several; the last
-- page of a list counts as half full.
SELECT endpoint, 2 * rows / (2 * page - 1) AS size, max(drained_at) AS at FROM stream WHERE page > 1 AND rows > 0 GROUP BY endpoint
