-- What each run read of DrChrono's lists itself: a reading may take several
-- runs, and a list that a run does not come to keeps the one before.
CREATE TABLE fetched (
  run      TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  pages    INTEGER NOT NULL,
  rows     INTEGER NOT NULL,
  changed  INTEGER NOT NULL,                 -- new, or different from what was staged
  PRIMARY KEY (run, endpoint)
) STRICT, WITHOUT ROWID;
INSERT INTO fetched SELECT run, endpoint, page, rows, changed FROM stream WHERE lane = 'nightly' AND page > 0;
