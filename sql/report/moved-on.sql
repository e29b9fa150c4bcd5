-- 1 if a later run has touched a target since: what this run left alone can
-- then no longer be counted anew; and 1 if a later run has begun.
SELECT EXISTS (SELECT 1 FROM target WHERE run > ?1), EXISTS (SELECT 1 FROM run WHERE id > ?1)
