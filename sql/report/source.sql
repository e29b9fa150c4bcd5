-- How many source records each object has, counted from what is staged, for a
-- JSON list of [destination, object, endpoint, parts]. A count that the run
-- kept is taken first. Of a run that others have followed, only the records
-- count that were staged by then. An object for which a run that kept sources kept
-- none was not enabled then: it is left out.
SELECT j.value ->> 0 AS destination, j.value ->> 1 AS object,
  coalesce((SELECT y.n FROM tally y WHERE y.run = ?1 AND y.destination = j.value ->> 0 AND y.object = j.value ->> 1 AND y.outcome = 'source'),
    CASE WHEN j.value ->> 3 THEN (SELECT coalesce(sum(r.parts), 0) FROM origin r WHERE r.endpoint = j.value ->> 2 AND r.run <= ?1)
    WHEN EXISTS (SELECT 1 FROM run u WHERE u.id > ?1)
      THEN (SELECT count(*) FROM origin r WHERE r.endpoint = j.value ->> 2 AND r.run <= ?1)
    ELSE (SELECT count(*) FROM record r WHERE r.endpoint = j.value ->> 2) END) AS n
FROM json_each(?2) j
WHERE NOT EXISTS (SELECT 1 FROM tally y WHERE y.run = ?1 AND y.outcome = 'source')
  OR EXISTS (SELECT 1 FROM tally y WHERE y.run = ?1 AND y.destination = j.value ->> 0 AND y.object = j.value ->> 1 AND y.outcome = 'source')
ORDER BY j.key
