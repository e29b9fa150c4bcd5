-- What a drain must remember so that rows which move while it reads are not
-- lost, and what is odd about a record that can be read all the same.
ALTER TABLE stream ADD COLUMN began TEXT NOT NULL DEFAULT '';      -- the server's clock when the open drain began
ALTER TABLE stream ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;     -- change number then
ALTER TABLE stream ADD COLUMN ids TEXT NOT NULL DEFAULT '';        -- digest of the last page's ids
ALTER TABLE record ADD COLUMN problem TEXT NOT NULL DEFAULT '';    -- such as a stamp that is no date
ALTER TABLE record ADD COLUMN missed INTEGER NOT NULL DEFAULT 0;   -- complete full reads in a row that lacked it
CREATE INDEX record_problem ON record (endpoint) WHERE problem <> '';
CREATE INDEX record_missed ON record (endpoint) WHERE missed > 0;
