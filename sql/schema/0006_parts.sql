-- Which objects of their own a record holds, not only how many: staging and
-- the judges then speak of the same ones.
ALTER TABLE record ADD COLUMN part_names TEXT NOT NULL DEFAULT '';  -- separated by commas, such as primary,tertiary; as many as parts

-- What was staged before is named by what it became. Where that does not tell,
-- the record is read again, and has no parts until then.
UPDATE record SET part_names = coalesce((SELECT group_concat(n.name) FROM
  (SELECT DISTINCT substr(t.source_id, length(record.source_id) + 2) AS name FROM target t
   WHERE t.source_endpoint = 'patients' AND t.parent_id = record.source_id AND t.parent_id <> '' ORDER BY name) n), '')
WHERE endpoint = 'patients' AND parts > 0;
UPDATE stream SET watermark = '' WHERE endpoint = 'patients' AND lane = 'nightly'
  AND EXISTS (SELECT 1 FROM record WHERE endpoint = 'patients' AND parts > 0
    AND parts <> length(part_names) - length(replace(part_names, ',', '')) + (part_names <> ''));
UPDATE record SET hash = x'', parts = length(part_names) - length(replace(part_names, ',', '')) + (part_names <> '')
WHERE endpoint = 'patients' AND parts <> length(part_names) - length(replace(part_names, ',', '')) + (part_names <> '');
