-- Targets that the run did not touch and that have no line of their own: by
-- destination, object and outcome, how many, and how many of those that were
-- sent were so in an earlier run. They are all but those that have a line. What
-- the run sent is unchanged as soon as another run has begun.
SELECT k.destination, k.object, k.outcome, k.n -
    (SELECT count(*) FROM result r JOIN target t ON t.id = r.target WHERE r.run = ?1 AND r.destination = k.destination AND r.object = k.object
      AND CASE WHEN k.outcome = 'unchanged' THEN r.outcome IN ('created', 'updated') AND t.outcome = 'unchanged'
        ELSE r.outcome = k.outcome AND NOT (r.outcome = 'excluded' AND t.run < r.run) END) AS n,
  CASE WHEN k.outcome IN ('created', 'updated') THEN
    (SELECT count(*) FROM target t WHERE (t.outcome IN ('created', 'updated') OR t.attempts > 0) AND t.run < ?1
      AND t.destination = k.destination AND t.object = k.object AND t.outcome = k.outcome) ELSE 0 END AS earlier
FROM (SELECT destination, object, outcome, sum(n) AS n FROM standing GROUP BY destination, object, outcome HAVING sum(n) > 0) k
