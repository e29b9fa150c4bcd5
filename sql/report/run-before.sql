-- The newest run before it that counted its outcomes, with its start.
SELECT u.id, u.started_at FROM run u
WHERE u.id < ?1 AND u.dry = 0 AND EXISTS (SELECT 1 FROM tally y WHERE y.run = u.id)
ORDER BY u.id DESC LIMIT 1
