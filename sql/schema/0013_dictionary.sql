-- What an endpoint's payloads are compressed with: rows of its first large
-- page, of which later rows repeat much. It never changes and is never taken
-- away, since what was compressed with it opens with it alone.
CREATE TABLE dictionary (
  id       INTEGER PRIMARY KEY,              -- stands in each zstd frame that was compressed with it
  endpoint TEXT NOT NULL UNIQUE,
  payload  BLOB NOT NULL                     -- compressed and sealed
) STRICT;
