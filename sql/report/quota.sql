-- Calls between two instants (Unix milliseconds) by clock hour (likewise) and
-- spender: all of them, those throttled (429), those refused or broken (other
-- answers from 400 on), those without an answer.
SELECT at_ms / 3600000 * 3600000 AS hour, spender, count(*), sum(status = 429), sum(status >= 400 AND status <> 429), sum(status = 0)
FROM call WHERE at_ms >= ?1 AND at_ms < ?2 GROUP BY 1, 2 ORDER BY 1, 2
