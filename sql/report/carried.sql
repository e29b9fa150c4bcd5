-- Targets by destination, object and outcome: how many, and how many of those
-- that were sent were so in an earlier run. Those that have a line of the run's
-- are among them: see touched.
SELECT k.destination, k.object, k.outcome, k.n,
  CASE WHEN k.outcome IN ('created', 'updated') THEN
    (SELECT count(*) FROM target t WHERE (t.outcome IN ('created', 'updated') OR t.attempts > 0) AND t.run < ?1
      AND t.destination = k.destination AND t.object = k.object AND t.outcome = k.outcome) ELSE 0 END AS earlier
FROM (SELECT destination, object, outcome, sum(n) AS n FROM standing GROUP BY destination, object, outcome HAVING sum(n) > 0) k
