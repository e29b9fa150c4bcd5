-- How many records each object has that are staged and not judged yet, for a
-- JSON list of [destination, object, endpoint, parts]. A run that counted has
-- made failed ones of them (query leave); this is for one that was killed before that.
SELECT j.value ->> 0 AS destination, j.value ->> 1 AS object, (
  SELECT count(*) FROM record r, json_each(CASE WHEN NOT j.value ->> 3 THEN '[""]' WHEN r.part_names = '' THEN '[]' ELSE '["/' || replace(r.part_names, ',', '","/') || '"]' END) p
  WHERE r.endpoint = j.value ->> 2 AND r.seq > coalesce((SELECT seq FROM shape s WHERE s.destination = j.value ->> 0 AND s.object = j.value ->> 1), 0)
    AND NOT EXISTS (SELECT 1 FROM target t WHERE t.destination = j.value ->> 0 AND t.object = j.value ->> 1
      AND t.source_endpoint = r.endpoint AND t.source_id = r.source_id || p.value)) AS n
FROM json_each(?1) j ORDER BY j.key
