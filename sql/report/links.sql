-- Our ids and theirs: those that were not simply created, and those of the
-- run, or of those since ?3; every one where all are asked for (?2).
SELECT destination, object, source_id, target_id, how, run FROM (
  SELECT * FROM crosswalk INDEXED BY crosswalk_found WHERE NOT ?2 AND how <> 'created'
  UNION ALL SELECT * FROM crosswalk INDEXED BY crosswalk_run WHERE NOT ?2 AND how = 'created' AND run BETWEEN ?3 AND ?1
  UNION ALL SELECT * FROM crosswalk WHERE ?2)
