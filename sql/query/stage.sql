-- name: cursor
SELECT endpoint, lane, watermark, next, since, began, newest, mark, ids, page, rows, changed, caught, state, note
FROM stream WHERE endpoint = ? AND lane = ?

-- name: cursors
SELECT endpoint, lane, watermark, next, since, began, newest, mark, ids, page, rows, changed, caught, state, note
FROM stream WHERE lane = ? ORDER BY endpoint

-- name: spared
-- Exit codes: -1 killed, 5 out of calls, 128 and above interrupted.
SELECT s.endpoint FROM stream s JOIN run r ON r.id = s.run
WHERE s.lane = 'nightly' AND s.state = 'drained' AND r.id <> ?1 AND r.started_at >= ?2 AND (r.exit_code IN (-1, 5) OR r.exit_code >= 128)
  AND NOT EXISTS (SELECT 1 FROM run later WHERE later.id > r.id AND later.id <> ?1 AND later.exit_code NOT IN (-1, 5) AND later.exit_code < 128)
ORDER BY s.endpoint

-- name: put-cursor
INSERT INTO stream (endpoint, lane, watermark, next, since, began, newest, mark, ids, page, rows, changed, caught, state, note, run, drained_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (endpoint, lane) DO UPDATE SET watermark = excluded.watermark, next = excluded.next, since = excluded.since,
  began = excluded.began, newest = excluded.newest, mark = excluded.mark, ids = excluded.ids,
  page = excluded.page, rows = excluded.rows, changed = excluded.changed, caught = excluded.caught,
  state = excluded.state, note = excluded.note, run = excluded.run,
  drained_at = CASE WHEN excluded.drained_at = '' THEN stream.drained_at ELSE excluded.drained_at END

-- name: put-fetched
INSERT INTO fetched (run, endpoint, pages, rows, changed) VALUES (?, ?, 1, ?, ?)
ON CONFLICT (run, endpoint) DO UPDATE SET pages = pages + 1, rows = rows + excluded.rows, changed = changed + excluded.changed

-- name: changed-rows
-- The rows of a page (a JSON list of [id, hex hash]) that are new or differ from what is staged.
SELECT j.key AS n, coalesce(r.id, 0) AS id, coalesce(r.seq, 0) AS seq, coalesce(r.verbose, 0) AS verbose FROM json_each(?) j
LEFT JOIN record r ON r.endpoint = ? AND r.source_id = j.value ->> 0
WHERE r.id IS NULL OR r.gone = 1 OR r.hash <> unhex(j.value ->> 1)

-- name: staged-between
SELECT EXISTS (SELECT 1 FROM record WHERE endpoint = ? AND source_id BETWEEN ? AND ?)

-- name: next-seq
INSERT INTO setting (name, value) VALUES ('seq', '1')
ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) RETURNING CAST(value AS INTEGER)

-- name: keep-version
INSERT OR IGNORE INTO version (endpoint, source_id, seq, hash, updated_at, run)
SELECT endpoint, source_id, seq, hash, updated_at, iif(changed_run = '', (SELECT run FROM origin o WHERE o.record = r.id), changed_run)
FROM record r WHERE endpoint = ? AND source_id = ?

-- name: add-record
-- A statement that fires triggers keeps a copy of each database page that it
-- writes, which costs more than the row: so what is new is not put as a change,
-- and count-new and note-origin follow the new ones of a page. Until a record
-- changes, changed_run is '': the run that brought it.
INSERT INTO record (endpoint, source_id, seq, hash, updated_at, patient, doctor, parts, part_names, verbose, deleted, fault, problem, first_run, changed_run, payload)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, '', '', ?14)

-- name: count-new
-- What is new has the largest ids.
INSERT INTO staged SELECT ?, count(*), sum(parts), sum(gone), sum(fault <> ''), sum(deleted <> '') FROM record WHERE id >= ?
ON CONFLICT (endpoint) DO UPDATE SET n = n + excluded.n, parts = parts + excluded.parts, gone = gone + excluded.gone,
  faults = faults + excluded.faults, deleted = deleted + excluded.deleted

-- name: note-origin
-- The records from this one on were brought by another run than those before.
INSERT INTO brought SELECT ?1, ?2 WHERE ?2 IS NOT (SELECT run FROM brought ORDER BY record DESC LIMIT 1)

-- name: change-record
-- What was read with verbose stays a verbose record: a later row without it brings no parts, nor does one that cannot be read.
UPDATE record SET seq = ?3, hash = ?4, updated_at = ?5, patient = ?6, doctor = ?7,
  parts = CASE WHEN ?10 < verbose OR ?12 <> '' THEN parts ELSE ?8 END,
  part_names = CASE WHEN ?10 < verbose OR ?12 <> '' THEN part_names ELSE ?9 END,
  verbose = max(verbose, ?10), gone = 0, missed = 0, deleted = ?11, fault = ?12, problem = ?13, payload = ?14, changed_run = ?15
WHERE endpoint = ?1 AND source_id = ?2

-- name: page
SELECT seq, rows, newest, ids, records FROM page WHERE endpoint = ? AND digest = ?

-- name: page-moved
SELECT EXISTS (SELECT 1 FROM record WHERE endpoint = ?1 AND seq > ?2)
  AND EXISTS (SELECT 1 FROM json_each(?3) j JOIN record r ON r.id BETWEEN j.value ->> 0 AND j.value ->> 1 WHERE r.seq > ?2)

-- name: page-records
SELECT r.id FROM json_each(?) j CROSS JOIN record r ON r.endpoint = ? AND r.source_id = j.value ->> 0

-- name: put-page
INSERT INTO page (endpoint, digest, seq, rows, newest, ids, records, run)
VALUES (?, ?, coalesce((SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'seq'), 0), ?, ?, ?, ?, ?)
ON CONFLICT (endpoint, digest) DO UPDATE SET seq = excluded.seq, rows = excluded.rows, newest = excluded.newest, ids = excluded.ids,
  records = excluded.records, run = excluded.run

-- name: page-seen
UPDATE page SET seq = (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'seq'), run = ? WHERE endpoint = ? AND digest = ?

-- name: forget-pages
DELETE FROM page WHERE endpoint = ? AND run <> ?

-- name: unhung
-- How many records are not among what hangs on patients and doctors yet.
SELECT coalesce((SELECT max(id) FROM record), 0) - (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'hung')

-- name: hang-lists
INSERT OR IGNORE INTO list (endpoint) SELECT DISTINCT endpoint FROM record
WHERE id > (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'hung')

-- name: hang-patients
-- Its transaction is taken back where it fails. Without OR FAIL the database
-- would keep a copy of each page that it writes, in memory, to take back this
-- statement alone.
INSERT OR FAIL INTO patient_record SELECT r.patient, l.id, r.id FROM record r JOIN list l ON l.endpoint = +r.endpoint
WHERE r.id > (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'hung') AND r.patient <> '' ORDER BY 1, 2, 3

-- name: hang-doctors
INSERT OR FAIL INTO doctor_record SELECT r.doctor, l.id, r.id FROM record r JOIN list l ON l.endpoint = +r.endpoint
WHERE r.id > (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'hung') AND r.doctor <> '' ORDER BY 1, 2, 3

-- name: all-hung
UPDATE setting SET value = (SELECT CAST(max(id) AS TEXT) FROM record) WHERE name = 'hung'

-- name: put-shown
-- Long stretches are noted in pieces of 250 records.
WITH RECURSIVE piece (first, last) AS (SELECT j.value ->> 0, j.value ->> 1 FROM json_each(?2) j
  UNION ALL SELECT first + 250, last FROM piece WHERE first + 250 <= last)
INSERT INTO shown (drain, first, last) SELECT ?1, first, min(last, first + 249) FROM piece WHERE true ON CONFLICT DO NOTHING

-- name: shown-among
SELECT count(*) FROM json_each(?2) j
WHERE EXISTS (SELECT 1 FROM shown WHERE drain = ?1 AND last BETWEEN j.value AND j.value + 249 AND first <= j.value)

-- name: stamps-shown
SELECT r.id, r.updated_at FROM json_each(?2) j JOIN record r ON r.id = j.value
WHERE EXISTS (SELECT 1 FROM shown WHERE drain = ?1 AND last BETWEEN j.value AND j.value + 249 AND first <= j.value)

-- name: clear-shown
DELETE FROM shown WHERE drain = ?

-- name: note-missed
-- A complete full read did not bring these.
UPDATE record SET missed = missed + 1 WHERE endpoint = ?1 AND gone = 0
  AND NOT EXISTS (SELECT 1 FROM shown WHERE drain = ?2 AND last BETWEEN record.id AND record.id + 249 AND first <= record.id)

-- name: forget-missed
UPDATE record SET missed = 0 WHERE endpoint = ?1 AND missed > 0
  AND EXISTS (SELECT 1 FROM shown WHERE drain = ?2 AND last BETWEEN record.id AND record.id + 249 AND first <= record.id)

-- name: missed-records
SELECT count(*) AS all_missed, coalesce(sum(missed >= ?), 0) AS confirmed FROM record WHERE endpoint = ? AND missed > 0 AND gone = 0

-- name: mark-gone
UPDATE record SET gone = 1, deleted = 'full read', seq = ?, changed_run = ? WHERE endpoint = ? AND gone = 0 AND missed >= ?

-- name: live-records
SELECT count(*) FROM record WHERE endpoint = ? AND gone = 0

-- name: odd-records
SELECT count(*) FROM record WHERE endpoint = ? AND problem <> '' AND gone = 0

-- name: record-ids
SELECT source_id FROM record WHERE endpoint = ? AND gone = 0 ORDER BY source_id

-- name: record
SELECT endpoint, source_id, seq, updated_at, patient, doctor, gone, fault, part_names, payload FROM record WHERE endpoint = ? AND source_id = ?

-- name: all-records
SELECT endpoint, source_id, seq, updated_at, patient, doctor, gone, fault, part_names, payload FROM record WHERE endpoint = ? ORDER BY id

-- name: records-by-id
SELECT endpoint, source_id, seq, updated_at, patient, doctor, gone, fault, part_names, payload FROM record
WHERE endpoint = ? AND source_id IN (SELECT value FROM json_each(?)) ORDER BY id

-- name: records-by-patient
SELECT endpoint, source_id, seq, updated_at, patient, doctor, gone, fault, part_names, payload FROM record
WHERE id IN (SELECT record FROM of_patient WHERE endpoint = ? AND patient IN (SELECT value FROM json_each(?))) ORDER BY id

-- name: max-seq
SELECT coalesce((SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'seq'), 0)
