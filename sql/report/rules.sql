-- Values that a lookup lacks, by how many records each keeps back, with a few
-- of these and what a first person has said about it.
SELECT r.destination, p.lookup, p.key, count(DISTINCT r.target) AS n, min(r.source_id) AS example, max(r.source_id) AS another,
  coalesce((SELECT group_concat(d.by || ': MAP to ' || d.value, '; ') FROM decision d WHERE d.destination = r.destination AND d.lookup = p.lookup
    AND d.key = p.key AND d.target = 0 AND d.waits = 1 AND d.undone_at = ''), '') AS said
FROM result r JOIN problem p ON p.target = r.target
WHERE r.run = ?1 AND r.outcome = 'invalid' AND p.lookup <> ''
GROUP BY r.destination, p.lookup, p.key ORDER BY n DESC, r.destination, p.lookup, p.key
