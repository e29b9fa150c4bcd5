-- The run itself: id, trigger, times, exit code, note, dry, version, rules.
SELECT id, trigger, started_at, finished_at, exit_code, note, dry, version, rules FROM run WHERE id = ?1
