-- name: orphan-deliveries
-- Intents that another process left behind: whether they arrived is not known.
UPDATE delivery SET state = 'uncertain', deadline = min(deadline, ?) WHERE destination = ? AND state = 'intent'

-- name: orphan-targets
UPDATE target SET outcome = 'uncertain', cause = 'no_answer', run = ?,
  field = '', code = 'no_answer', message = 'it was sent, or about to be, when the program stopped; ' || CASE
    WHEN object = 'discharge' THEN 'it may be applied, so it is never sent again; look in the registry, then say so with `chartbridge uncertain resolve`'
    ELSE 'it rests and is then asked after, or waits for a person where nobody can be asked (`chartbridge uncertain list`)' END
WHERE outcome <> 'uncertain' AND id IN (SELECT target FROM delivery WHERE destination = ? AND state = 'uncertain')

-- name: settled-targets
-- A callback, or a person, may settle a delivery while its record is judged;
-- the judgement then says what was so before. Nothing is open, so it is due.
UPDATE target SET run = ?1,
  outcome = CASE WHEN acked_hash = hash THEN 'unchanged' WHEN refused_hash = hash THEN 'rejected' ELSE 'failed' END,
  cause = CASE WHEN acked_hash = hash THEN '' WHEN refused_hash = hash THEN refusal ->> 'cause' ELSE 'not_sent' END,
  field = CASE WHEN refused_hash = hash THEN refusal ->> 'field' ELSE '' END,
  code = CASE WHEN acked_hash = hash THEN '' WHEN refused_hash = hash THEN refusal ->> 'code' ELSE 'not_sent' END,
  message = CASE WHEN refused_hash = hash THEN refusal ->> 'message' ELSE '' END
WHERE destination = ?2 AND outcome = 'uncertain' AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.target = target.id AND d.state IN ('intent', 'uncertain'))

-- name: open-deliveries
SELECT d.id, d.target, d.destination, d.object, d.source_id, d.op, d.hash, d.payload, d.needs,
  coalesce(c.target_id, '') AS target_id, EXISTS (SELECT 1 FROM target t WHERE t.id = d.target AND t.twin_hash IS NOT NULL) AS keyless
FROM delivery d LEFT JOIN crosswalk c ON c.destination = d.destination AND c.object = d.object AND c.source_id = d.source_id
WHERE d.destination = ? AND d.state = 'uncertain' AND d.deadline < ? ORDER BY d.id

-- name: intents
SELECT count(*) FROM delivery WHERE state = 'intent'

-- name: next-open
SELECT coalesce(min(deadline), '') FROM delivery WHERE destination = ? AND state = 'uncertain' AND op <> 'discharge' AND deadline >= ?

-- name: due
-- Each outcome by itself: its index has its rows in order, so that a page costs
-- a page, however many are due.
WITH mapped AS NOT MATERIALIZED (SELECT id, outcome, cause, month FROM target WHERE destination = ?1 AND object = ?2 AND id > ?3
  AND payload IS NOT NULL AND parent_id = '' AND (acked_hash IS NULL OR acked_hash <> hash)),
next AS (
  SELECT id FROM (SELECT id FROM mapped WHERE outcome = 'failed' ORDER BY id LIMIT ?4) UNION ALL
  SELECT id FROM (SELECT id FROM mapped WHERE outcome = 'blocked' ORDER BY id LIMIT ?4) UNION ALL
  SELECT id FROM (SELECT id FROM mapped WHERE outcome = 'held' ORDER BY id LIMIT ?4) UNION ALL
  SELECT id FROM (SELECT id FROM mapped WHERE outcome = 'excluded' AND cause = 'create_off' AND (month = '' OR month >= ?6) ORDER BY id LIMIT ?4)
  ORDER BY id LIMIT ?4)
SELECT t.id, t.source_id, t.payload, t.hash, t.needs, t.outcome, t.cause, t.message, coalesce(c.target_id, '') AS target_id, coalesce(c.how, '') AS how,
  (SELECT count(DISTINCT a.by) FROM approval a WHERE a.destination = t.destination AND a.object = t.object AND a.source_id = t.source_id
    AND a.hash = t.hash AND a.expires_at > ?5) AS approvals,
  t.acked_hash IS NOT NULL AS known, t.acked_hash IS NULL AND t.acked_payload IS NULL AS unsent, t.refused_hash IS NOT NULL AND t.refused_hash = t.hash AS refused,
  EXISTS (SELECT 1 FROM delivery d WHERE d.destination = t.destination AND d.object = t.object AND d.source_id = t.source_id AND d.state = 'void') AS lost,
  coalesce((SELECT e.outcome FROM target e WHERE e.source_endpoint = t.source_endpoint AND e.source_id = t.source_id AND e.destination = t.destination
    AND e.outcome IN ('matched', 'mismatched', 'missing')), '') AS seen,
  t.twin_hash IS NOT NULL AS keyless, coalesce(length(t.twin_hash) > 16, 0) AS replaced, coalesce((SELECT o.source_id FROM target o WHERE c.target_id IS NULL AND o.destination = t.destination AND o.object = t.object
    AND o.twin_hash = substr(t.twin_hash, 1, 16) AND o.id <> t.id AND (o.outcome = 'uncertain'
      OR (o.id < t.id OR length(t.twin_hash) > 16) AND o.outcome IN ('failed', 'blocked', 'held') AND o.payload IS NOT NULL
      OR o.object = 'discharge' AND o.cause <> 'decision' OR EXISTS (SELECT 1 FROM crosswalk w WHERE w.destination = o.destination AND w.object = o.object AND w.source_id = o.source_id))
    ORDER BY o.id LIMIT 1), '') AS twin
FROM next CROSS JOIN target t ON t.id = next.id
LEFT JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id
ORDER BY t.id

-- name: mapped-of
-- Of those records (a JSON list of rows) the ids of what maps and is not held just so there.
SELECT t.source_id FROM json_each(?3) j CROSS JOIN record r ON r.id = j.value
JOIN target t ON t.destination = ?1 AND t.object = ?2 AND t.source_endpoint = r.endpoint AND t.source_id = r.source_id
WHERE t.payload IS NOT NULL AND (t.acked_hash IS NOT t.hash OR t.outcome = 'uncertain')

-- name: kept-back
-- What does not go with those records (a JSON list of source ids) although it
-- travels inside them: refused as it is, or there under an id that is not known,
-- or there and does not map any more.
SELECT t.parent_id, t.object, t.source_id, t.slot, c.target_id IS NOT NULL OR t.acked_hash IS NOT NULL OR t.cause = 'no_id' AS there
FROM target t LEFT JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id
WHERE t.destination = ?1 AND t.parent_id IN (SELECT value FROM json_each(?2)) AND t.parent_id <> '' AND t.slot <> ''
  AND (t.outcome = 'rejected' OR CASE WHEN c.target_id IS NULL THEN t.acked_hash IS NOT NULL OR t.cause = 'no_id' ELSE t.payload IS NULL END)

-- name: mapped
SELECT t.id, t.source_id, t.payload, t.hash, t.needs, t.outcome, t.cause, t.message
FROM target t WHERE t.destination = ? AND t.object = ? AND t.month = ? AND t.month <> '' AND t.id > ? AND t.payload IS NOT NULL
  AND t.outcome IN ('failed', 'blocked', 'matched', 'mismatched', 'missing') ORDER BY t.id LIMIT ?

-- name: reopen-months
-- A visit is new or changed, or its people have an id there by now.
DELETE FROM settled WHERE destination = ?1 AND object = ?2 AND month IN (
  SELECT t.month FROM target t WHERE t.destination = ?1 AND t.object = ?2 AND t.outcome IN ('failed', 'blocked') AND t.payload IS NOT NULL
    AND (t.outcome = 'failed' OR NOT EXISTS (SELECT 1 FROM json_each(CASE t.needs WHEN '' THEN '[]' ELSE t.needs END) n WHERE NOT EXISTS
      (SELECT 1 FROM crosswalk c WHERE c.destination = ?1 AND c.object = n.value ->> 'object' AND c.source_id = n.value ->> 'id'))))

-- name: months
-- The calendar months from ?3, or else an object's first visit, to ?4, or its last
-- visit, whichever is later, but for those that are settled, with the number of
-- visits in each. An object that never had a visit has none.
WITH RECURSIVE visited(a, z) AS (SELECT
    (SELECT min(month) FROM target WHERE destination = ?1 AND object = ?2 AND month <> ''),
    (SELECT max(month) FROM target WHERE destination = ?1 AND object = ?2 AND month <> '')),
  bounds(a, z) AS (SELECT coalesce(nullif(?3, ''), a, ?4), max(?4, coalesce(z, '')) FROM visited
    WHERE a IS NOT NULL OR EXISTS (SELECT 1 FROM asked WHERE destination = ?1 AND object = ?2)),
  m(month) AS (SELECT a FROM bounds UNION ALL SELECT strftime('%Y-%m', month || '-01', '+1 month') FROM m, bounds WHERE month < z)
SELECT m.month AS name, m.month = a AS first,
  (SELECT count(*) FROM target t WHERE t.destination = ?1 AND t.object = ?2 AND t.month = m.month AND t.month <> '') AS visits
FROM m, bounds WHERE m.month IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM settled s WHERE s.destination = ?1 AND s.object = ?2 AND s.month = m.month)
ORDER BY m.month

-- name: asked
-- Whose visits months (a JSON list) held when they were compared.
SELECT month, person FROM asked WHERE destination = ? AND object = ? AND month IN (SELECT value FROM json_each(?)) ORDER BY month, person

-- name: put-asked
-- People by month: a JSON object of lists.
INSERT OR IGNORE INTO asked (destination, object, month, person)
SELECT ?, ?, m.key, p.value FROM json_each(?) m, json_each(m.value) p

-- name: settle-months
-- Those of ?3 from before ?4 that agree as a whole. ?5 = run.
INSERT OR IGNORE INTO settled (destination, object, month) SELECT ?1, ?2, j.value FROM json_each(?3) j WHERE j.value < ?4
  AND NOT EXISTS (SELECT 1 FROM target t WHERE t.destination = ?1 AND t.object = ?2 AND t.month = j.value AND t.month <> ''
    AND t.outcome NOT IN ('matched', 'blocked'))
  AND NOT EXISTS (SELECT 1 FROM extra e WHERE e.destination = ?1 AND e.object = ?2 AND e.run = ?5 AND e.month = j.value)

-- name: wanted-by-missing
-- What was not needed while the visit stood on their schedule is due once it
-- does not.
UPDATE target SET outcome = 'failed', cause = 'not_sent', run = ?1
WHERE outcome = 'excluded' AND cause = 'not_needed' AND (destination, source_endpoint, source_id) =
  (SELECT m.destination, m.source_endpoint, m.source_id FROM target m WHERE m.id = ?2)

-- name: elsewhere
-- Of their ids (a JSON list) those that are linked to records of ours that are
-- no twins of the target.
SELECT c.target_id FROM target t JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id <> t.source_id
JOIN target o ON o.destination = c.destination AND o.object = c.object AND o.source_endpoint = t.source_endpoint AND o.source_id = c.source_id
WHERE t.id = ?1 AND t.twin_hash IS NOT NULL AND o.twin_hash IS NOT t.twin_hash AND c.target_id IN (SELECT value FROM json_each(?2))

-- name: weight
-- Of an object whose records travel alone.
SELECT coalesce(sum(n) FILTER (WHERE acked > 0), 0) AS known,
  coalesce(sum(n) FILTER (WHERE acked = 2 AND outcome IN ('failed', 'held')), 0) AS changed,
  coalesce(sum(n) FILTER (WHERE outcome = 'failed'), 0) AS due
FROM standing WHERE destination = ? AND object = ?

-- name: linked
-- What callbacks linked counts from the next run on.
SELECT EXISTS (SELECT 1 FROM crosswalk WHERE destination = ? AND object = ? AND run NOT IN (?, ?))

-- name: crosswalk-ids
SELECT object, source_id, target_id FROM crosswalk WHERE destination = ?1
  AND (object, source_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2))

-- name: last-delivery
SELECT coalesce(max(id), 0) FROM delivery

-- name: put-intents
-- A JSON list of intents. ?2 = run, ?3 = process.
INSERT INTO delivery (id, target, destination, object, source_id, op, state, hash, payload, needs, run, process, intent_at, deadline)
SELECT value ->> 'id', value ->> 'target', value ->> 'destination', value ->> 'object', value ->> 'source_id', value ->> 'op', 'intent',
  nullif(unhex(value ->> 'hash'), x''), nullif(unhex(value ->> 'payload'), x''), value ->> 'needs', ?2, ?3, value ->> 'at', value ->> 'deadline' FROM json_each(?1)

-- name: answer-deliveries
-- A JSON list of entries. The quiet period of one without an answer counts from
-- where its request ended.
UPDATE delivery SET state = a.value ->> 'state', answered_at = a.value ->> 'at', phase = a.value ->> 'phase', http_status = a.value ->> 'status',
  code = a.value ->> 'code', target_id = a.value ->> 'target_id', settled_by = a.value ->> 'settled_by', evidence = a.value ->> 'evidence',
  deadline = min(deadline, a.value ->> 'at')
FROM json_each(?) a WHERE delivery.id = a.value ->> 'id'

-- name: acknowledge-targets
-- A JSON list of what was taken. What was sent is what they hold now. If the
-- source changed meanwhile, the target stays due.
UPDATE target SET acked_hash = a.hash, acked_payload = CASE WHEN target.hash = a.hash THEN payload END,
  outcome = CASE WHEN target.hash = a.hash THEN a.outcome ELSE 'failed' END, cause = CASE WHEN target.hash = a.hash THEN '' ELSE 'not_sent' END,
  refused_hash = NULL, field = '', code = '', message = '', http_status = a.status, attempts = target.attempts + a.attempts, run = ?2
FROM (SELECT value ->> 'id' AS id, unhex(value ->> 'hash') AS hash, value ->> 'outcome' AS outcome, value ->> 'status' AS status,
  value ->> 'attempts' AS attempts FROM json_each(?1)) a
WHERE target.id = a.id

-- name: taken-inside
-- The parts of those carriers (a JSON list of targets) of whose parts not all were
-- taken as they map now, with what was taken of each.
SELECT p.id, p.destination, p.object, p.source_id, p.payload, t.slot, t.object AS part_object, t.source_id AS part_id,
  CASE WHEN t.acked_hash IS NOT NULL THEN t.acked_payload END AS part
FROM target p JOIN target t ON t.destination = p.destination AND t.parent_id = p.source_id AND t.parent_id <> '' AND t.slot <> ''
WHERE p.id IN (SELECT value FROM json_each(?)) AND +p.source_endpoint = 'patients' AND +p.parent_id = '' AND p.acked_hash = p.hash
  AND EXISTS (SELECT 1 FROM target o WHERE o.destination = p.destination AND o.parent_id = p.source_id AND o.parent_id <> ''
    AND o.slot <> '' AND o.acked_hash IS NOT o.hash)
ORDER BY p.id, t.slot, t.source_id

-- name: put-taken
UPDATE target SET acked_payload = ? WHERE id = ?

-- name: refuse-target
UPDATE target SET refused_hash = ?1, outcome = ?2, cause = ?3, field = ?4, code = ?5, message = ?6, http_status = ?7,
  refusal = json_object('cause', ?3, 'field', ?4, 'code', ?5, 'message', ?6), attempts = attempts + ?8, run = ?9, words = ?10 WHERE id = ?11

-- name: mark-target
UPDATE target SET outcome = ?, cause = ?, field = ?, code = ?, message = ?, http_status = ?, attempts = attempts + ?, run = ?
WHERE id = ?

-- name: doubt-target
-- An unanswered update that is given up may have been applied. If the source
-- went back to what was acknowledged before it, that is sent again.
UPDATE target SET acked_hash = x'' WHERE id = ? AND acked_hash = hash

-- name: adopt-target
UPDATE target SET acked_hash = hash, acked_payload = payload, outcome = 'unchanged', cause = '', field = '', code = '', message = '',
  run = ? WHERE id = ?

-- name: adopt-inside
-- What travelled inside an adopted record is there too, where its id is known.
UPDATE target SET acked_hash = hash, acked_payload = payload, outcome = 'unchanged', cause = '', field = '', code = '', message = '', run = ?1
WHERE hash IS NOT NULL AND parent_id <> '' AND (destination, parent_id, object, source_id) IN
  (SELECT p.destination, p.source_id, n.value ->> 'object', n.value ->> 'id'
   FROM target p, json_each(CASE p.needs WHEN '' THEN '[]' ELSE p.needs END) n WHERE p.id = ?2)
  AND EXISTS (SELECT 1 FROM crosswalk c WHERE c.destination = target.destination AND c.object = target.object AND c.source_id = target.source_id)

-- name: unseen-inside
-- What travels inside an adopted record and was not shown with it may be there
-- or not: to send it might make a second one. ?3 = of all arrays, else of those in
-- ?4, a JSON list.
UPDATE target SET acked_hash = x'', outcome = 'held', cause = 'no_id', field = '', code = 'no_id', run = ?1,
  message = 'its record is there, but what travels inside it is not shown; find it there and give its id with `chartbridge crosswalk import`, or RETRY it in the workbook where it is not there'
WHERE hash IS NOT NULL AND parent_id <> '' AND (destination, parent_id, object, source_id) IN
  (SELECT p.destination, p.source_id, n.value ->> 'object', n.value ->> 'id'
   FROM target p, json_each(CASE p.needs WHEN '' THEN '[]' ELSE p.needs END) n WHERE p.id = ?2)
  AND outcome <> 'rejected' -- they refused it as it is, so it is not there
  AND (?3 OR slot IN (SELECT value FROM json_each(?4)))
  AND NOT EXISTS (SELECT 1 FROM crosswalk c WHERE c.destination = target.destination AND c.object = target.object AND c.source_id = target.source_id)

-- name: hold-inside
-- What was taken with its record under an id that is not known: whatever it holds
-- now, to send it would make a second one. ?4 = its record's target, ?5 = the hash
-- of what was sent: as long as that maps, so did this.
UPDATE target SET acked_hash = x'', acked_payload = CASE WHEN (SELECT hash FROM target WHERE id = ?4) = ?5 THEN payload END,
  outcome = 'held', cause = 'no_id', field = '', code = 'no_id', run = ?1, http_status = ?2, attempts = attempts + 1,
  message = 'it was taken with its record, but no id came back; find it there and give its id with `chartbridge crosswalk import`, or RETRY it in the workbook where it is not there'
WHERE id = ?3

-- name: put-left
-- What was taken likewise and is no target any more.
INSERT INTO left_part (destination, object, source_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING

-- name: taken
-- Whether their id is another record's of ours; not where a person gave it to this one too.
SELECT EXISTS (SELECT 1 FROM crosswalk WHERE destination = ?1 AND object = ?2 AND target_id = ?3 AND source_id <> ?4)
  AND NOT EXISTS (SELECT 1 FROM crosswalk WHERE destination = ?1 AND object = ?2 AND target_id = ?3 AND source_id = ?4)

-- name: put-crosswalk
INSERT INTO crosswalk (destination, object, source_id, target_id, how, run)
SELECT value ->> 'destination', value ->> 'object', value ->> 'source_id', value ->> 'target_id', value ->> 'how', value ->> 'run'
FROM json_each(?) WHERE true -- without it, ON would be a join's
ON CONFLICT (destination, object, source_id) DO UPDATE SET target_id = excluded.target_id, how = excluded.how, run = excluded.run
WHERE crosswalk.target_id <> excluded.target_id OR crosswalk.how = 'natural_key' AND excluded.how = 'import' -- a person's word for what was found

-- name: inside-target
SELECT id, hash, acked_hash FROM target WHERE destination = ? AND object = ? AND source_id = ? AND parent_id = ? AND parent_id <> ''

-- name: close-unknown
-- What is there under an id that is not known waits for a person who finds it,
-- also where it changed since.
UPDATE target SET outcome = 'held', cause = 'no_id', field = '', code = 'no_id', run = ?1,
  message = 'it is there, but its id is not known, so it is not sent; find it there and give its id with `chartbridge crosswalk import`, or RETRY it in the workbook where it is not there'
WHERE destination = ?2 AND parent_id <> '' AND slot <> '' AND outcome IN ('failed', 'blocked') AND payload IS NOT NULL AND acked_hash IS NOT NULL
  AND cause <> 'not_judged'
  AND NOT EXISTS (SELECT 1 FROM crosswalk c WHERE c.destination = target.destination AND c.object = target.object AND c.source_id = target.source_id)

-- name: close-parents
-- What travels inside a record that did not go, or in an array that stayed
-- behind, waits for it.
UPDATE target SET outcome = 'blocked', cause = 'parent', field = '', code = 'parent',
  message = 'travels inside another record, which did not go, or beside a part of it that could not go with it', run = ?1
WHERE destination = ?2 AND parent_id <> '' AND slot <> '' AND outcome IN ('failed', 'blocked') AND payload IS NOT NULL
  AND cause NOT IN ('parent', 'not_judged')

-- name: target-key
SELECT destination, object, source_id FROM target WHERE id = ?
