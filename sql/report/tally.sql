-- What the run counted: destination, object, outcome, n. The outcome 'source'
-- is the number of source records, 'extra' what only the destination holds.
SELECT destination, object, outcome, n FROM tally WHERE run = ?1 ORDER BY destination, object, outcome
