-- name: calls-since
SELECT count(*) FROM call WHERE at_ms >= ?

-- name: others-calls-since
SELECT count(*) FROM call WHERE at_ms >= ? AND spender <> 'nightly'

-- name: nth-call-since
-- The call whose leaving makes room again: the n-th newest since an instant.
SELECT at_ms FROM call WHERE at_ms >= ? ORDER BY at_ms DESC LIMIT 1 OFFSET ?

-- name: add-call
INSERT INTO call (at_ms, run, spender, endpoint, purpose) VALUES (?, ?, ?, ?, ?) RETURNING id

-- name: answer-call
UPDATE call SET status = ? WHERE id = ?

-- name: throttle
INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value
WHERE CAST(excluded.value AS INTEGER) > CAST(setting.value AS INTEGER)

-- name: budget
-- What the nightly has to itself in the ledger is any run's, whoever began it.
SELECT replace(spender, 'nightly', 'run') AS spender, endpoint, count(*) AS calls FROM call WHERE at_ms >= ? GROUP BY 1, endpoint ORDER BY calls DESC, endpoint

-- name: calls-of-run
SELECT endpoint, count(*) AS calls FROM call WHERE run = ? GROUP BY endpoint ORDER BY endpoint

-- name: token
SELECT generation, state, access, refresh, seed, obtained_at, expires_at, scope, note FROM token ORDER BY generation DESC LIMIT 1

-- name: seed-spent
SELECT EXISTS (SELECT 1 FROM token WHERE seed = ?)

-- name: put-token
INSERT INTO token (generation, state, access, refresh, seed, obtained_at, expires_at, scope) VALUES (?, 'active', ?, ?, ?, ?, ?, ?)

-- name: spend-tokens
UPDATE token SET state = 'spent', access = x'00', refresh = x'00' WHERE state IN ('active', 'refreshing') OR (state = 'dead' AND generation < ?)

-- name: token-state
UPDATE token SET state = ?, note = ? WHERE generation = ? AND state IN ('active', 'refreshing')

-- name: claim-token
UPDATE token SET state = 'refreshing', note = ?1 WHERE generation = ?2
  AND (state = 'active' OR (state = 'refreshing' AND (note < ?3 OR substr(note, 26) = ?4)))

-- name: take-lease
INSERT INTO lease (name, holder, since, until) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, since = CASE WHEN lease.holder = excluded.holder THEN lease.since ELSE excluded.since END,
  until = excluded.until, wanted = CASE WHEN lease.holder = excluded.holder THEN lease.wanted ELSE '' END
WHERE lease.holder = excluded.holder OR lease.until < excluded.since

-- name: lease
SELECT name, holder, since, until FROM lease WHERE name = ?

-- name: leased
SELECT holder FROM lease WHERE name = ? AND until >= ?

-- name: want-lease
UPDATE lease SET wanted = ?2 WHERE name = ?1 AND holder <> ?2

-- name: unwant-lease
UPDATE lease SET wanted = '' WHERE name = ?1 AND wanted = ?2

-- name: wanted-lease
SELECT EXISTS (SELECT 1 FROM lease WHERE name = ? AND wanted <> '')

-- name: hand-over-lease
-- To whoever waits for it, so that nobody else comes in between.
UPDATE lease SET holder = wanted, wanted = '', since = ?3, until = ?4 WHERE name = ?1 AND holder = ?2 AND wanted <> ''

-- name: drop-lease
DELETE FROM lease WHERE name = ? AND holder = ?
