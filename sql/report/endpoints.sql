-- Streams of the nightly lane, what the run read of each, and what is staged.
WITH called AS (SELECT endpoint, count(*) AS n FROM call WHERE run = ?1 GROUP BY endpoint)
SELECT e.endpoint, coalesce(s.state, ''), coalesce(f.pages, 0), coalesce(f.rows, 0), coalesce(f.changed, 0), coalesce(s.note, ''),
  coalesce(g.n, 0), coalesce(g.gone, 0), coalesce(g.faults, 0), coalesce(c.n, 0), coalesce(s.drained_at, ''),
  coalesce(g.deleted, 0)
FROM (SELECT endpoint FROM stream WHERE lane = 'nightly' UNION SELECT endpoint FROM staged) e
LEFT JOIN stream s ON s.endpoint = e.endpoint AND s.lane = 'nightly'
LEFT JOIN staged g ON g.endpoint = e.endpoint
LEFT JOIN fetched f ON f.run = ?1 AND f.endpoint = e.endpoint
LEFT JOIN called c ON c.endpoint = e.endpoint
ORDER BY e.endpoint
