-- New records are counted once for each page that brings them, by its
-- transaction: a trigger had the database keep a copy of each of its pages
-- that a row changes, and took more than half of what a row took.
DROP TRIGGER staged_new;
