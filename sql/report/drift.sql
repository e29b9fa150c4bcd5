-- Changes of the schema that a run found, and those found since an instant
-- before it: run, start of the run, endpoint, field, kind, before, after, rows.
SELECT d.run, coalesce(r.started_at, ''), d.endpoint, d.field, d.kind, d.before, d.after, d.rows
FROM drift d LEFT JOIN run r ON r.id = d.run
WHERE d.run = ?1 OR (d.run < ?1 AND r.started_at >= ?2)
ORDER BY d.run DESC, d.endpoint, d.id
