-- Why the payload of refused_hash was refused, as JSON: a payload that comes
-- back, after its source said something else for a while, says so again.
ALTER TABLE target ADD COLUMN refusal TEXT NOT NULL DEFAULT '';
UPDATE target SET refusal = CASE WHEN outcome = 'rejected' AND refused_hash = hash
  THEN json_object('cause', cause, 'field', field, 'code', code, 'message', message)
  ELSE json_object('cause', 'refused', 'field', '', 'code', 'refused',
    'message', 'the destination refused this very payload earlier; correct the source, or retry it') END
WHERE refused_hash IS NOT NULL;
