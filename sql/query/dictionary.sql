-- name: dictionary-of
SELECT id, endpoint, payload FROM dictionary WHERE endpoint = ?

-- name: dictionary
SELECT id, endpoint, payload FROM dictionary WHERE id = ?

-- name: put-dictionary
INSERT INTO dictionary (id, endpoint, payload) VALUES (?, ?, ?)

-- name: next-dictionary
SELECT coalesce(max(id), 0) + 1 FROM dictionary
