-- name: deleted-line-items
SELECT count(*) FROM record WHERE endpoint = 'line_items' AND gone = 0
  AND source_id IN (SELECT source_id FROM record WHERE endpoint = 'line_item_deletions' AND fault = '')

-- name: mark-line-items
UPDATE record SET gone = 1, deleted = 'line_item_deletions', seq = ?, changed_run = ? WHERE endpoint = 'line_items' AND gone = 0
  AND source_id IN (SELECT source_id FROM record WHERE endpoint = 'line_item_deletions' AND fault = '')

-- name: note-payment-deletions
-- Of these entries, those that say that a payment was deleted.
INSERT OR IGNORE INTO deletion (log, entry, endpoint, source_id, run)
SELECT endpoint, source_id, 'patient_payments', '', ? FROM record
WHERE endpoint = 'patient_payment_log' AND fault = '' AND source_id IN (SELECT value FROM json_each(?))
  AND upper(unseal(payload, 'record', endpoint, source_id) ->> '$.action') IN ('D', 'DELETE', 'DELETED')

-- name: deleted-payments
-- For each entry that has not spoken yet: the payments that it may mean, how
-- often the log knows such a payment to have been made and to have been
-- deleted, and how many such payments are staged. At the end of a drain every
-- record stands in patient_record.
WITH entry AS (
  SELECT d.entry, l.patient, l.updated_at AS at, unseal(l.payload, 'record', l.endpoint, l.source_id) AS body
  FROM deletion d JOIN record l ON l.endpoint = d.log AND l.source_id = d.entry
  WHERE d.log = 'patient_payment_log' AND d.source_id = '' AND l.patient <> '' AND l.fault = ''),
told AS (
  SELECT DISTINCT e.patient, l.source_id, unseal(l.payload, 'record', l.endpoint, l.source_id) AS body
  FROM (SELECT DISTINCT patient FROM entry) e
  JOIN list n ON n.endpoint = 'patient_payment_log' JOIN patient_record o ON o.patient = e.patient AND o.list = n.id
  JOIN record l ON l.id = o.record AND l.fault = ''),
paid AS (
  SELECT p.source_id, p.patient, p.updated_at AS at, unseal(p.payload, 'record', p.endpoint, p.source_id) AS body
  FROM (SELECT DISTINCT patient FROM entry) e
  JOIN list n ON n.endpoint = 'patient_payments' JOIN patient_record o ON o.patient = e.patient AND o.list = n.id
  JOIN record p ON p.id = o.record AND p.gone = 0 AND p.fault = ''),
fits AS (
  SELECT e.entry, e.at AS entry_at, e.patient, e.body AS entry_body, p.source_id, p.at FROM entry e JOIN paid p ON p.patient = e.patient
    AND coalesce(e.body ->> '$.appointment', '') <> ''
    AND CAST(p.body ->> '$.appointment' AS TEXT) = CAST(e.body ->> '$.appointment' AS TEXT)
    AND round(abs(CAST(p.body ->> '$.amount' AS REAL)) * 100) = round(abs(CAST(e.body ->> '$.amount' AS REAL)) * 100)
    AND (coalesce(p.body ->> '$.payment_method', '') IN ('', e.body ->> '$.payment_method') OR coalesce(e.body ->> '$.payment_method', '') = ''))
SELECT f.entry, coalesce(min(CASE WHEN f.at <= f.entry_at THEN f.source_id END), '') AS payment,
  count(*) AS staged, sum(f.at <= f.entry_at) AS candidates,
  (SELECT count(*) FROM told t WHERE t.patient = f.patient AND upper(t.body ->> '$.action') LIKE 'C%'
     AND CAST(t.body ->> '$.appointment' AS TEXT) = CAST(f.entry_body ->> '$.appointment' AS TEXT)
     AND round(abs(CAST(t.body ->> '$.amount' AS REAL)) * 100) = round(abs(CAST(f.entry_body ->> '$.amount' AS REAL)) * 100)) AS made,
  (SELECT count(*) FROM told t WHERE t.patient = f.patient AND upper(t.body ->> '$.action') LIKE 'D%'
     AND CAST(t.body ->> '$.appointment' AS TEXT) = CAST(f.entry_body ->> '$.appointment' AS TEXT)
     AND round(abs(CAST(t.body ->> '$.amount' AS REAL)) * 100) = round(abs(CAST(f.entry_body ->> '$.amount' AS REAL)) * 100)) AS unmade
FROM fits f GROUP BY f.entry ORDER BY f.entry_at, f.entry

-- name: mark-payment
UPDATE record SET gone = 1, deleted = 'patient_payment_log', seq = ?, changed_run = ? WHERE endpoint = 'patient_payments' AND source_id = ? AND gone = 0

-- name: spoken
UPDATE deletion SET source_id = ?, run = ? WHERE log = 'patient_payment_log' AND entry = ?
