-- name: profile
SELECT base, recent, open FROM profile WHERE endpoint = ?

-- name: put-profile
INSERT INTO profile (endpoint, base, recent, open) VALUES (?, ?, ?, ?)
ON CONFLICT (endpoint) DO UPDATE SET base = excluded.base, recent = excluded.recent, open = excluded.open

-- name: add-drift
INSERT INTO drift (run, endpoint, field, kind, before, after, rows) VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: forget-drift
DELETE FROM drift WHERE run IN (SELECT value FROM json_each(?))
