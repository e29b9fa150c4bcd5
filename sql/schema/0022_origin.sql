-- Which run brought a record: each row speaks of the records from its own on,
-- up to the next row's. Those of a page lie together, so a run's id need not
-- stand in each of them; what was staged before this has it there.
CREATE TABLE brought (
  record INTEGER PRIMARY KEY,                -- a record's id
  run    TEXT NOT NULL
) STRICT;
CREATE VIEW origin AS
  SELECT id AS record, endpoint, parts,
    iif(first_run <> '', first_run, (SELECT run FROM brought WHERE record <= r.id ORDER BY record DESC LIMIT 1)) AS run
  FROM record r;
