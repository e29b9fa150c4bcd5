-- Our ids and theirs: those that were not simply created, and those of the
-- run, or of those since ?3; every one where all are asked for (?2).
SELECT destination, object, source_id, target_id, how, run FROM crosswalk
WHERE ?2 OR how <> 'created' OR run BETWEEN ?3 AND ?1 ORDER BY destination, object, source_id
