-- Calls of the run by endpoint.
SELECT endpoint, count(*) FROM call WHERE run = ?1 GROUP BY endpoint ORDER BY endpoint
