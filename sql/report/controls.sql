-- The totals of visits that a destination acknowledged, or holds alike, by its
-- object, a month and a provider: visits, their minutes in DrChrono, those
-- whose content there is known, and the minutes of these there.
SELECT destination, object, month, provider, visits, minutes, known, there FROM total
WHERE visits > 0 ORDER BY destination, object, month, provider
