-- name: setting
SELECT value FROM setting WHERE name = ?

-- name: set-setting
INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value
